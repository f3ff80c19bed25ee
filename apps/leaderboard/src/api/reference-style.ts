/** What the reference adds to the site's own style sheet. */
export const referenceStyle = `
:root { --serif: 'Source Serif 4 Variable', 'Iowan Old Style', Georgia, serif; --sans: 'Source Sans 3 Variable', 'Helvetica Neue', Arial, sans-serif; }
.api-about { margin-top: 1.5rem; }
.api { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 4rem; margin-bottom: 6rem; }
.api section { margin-top: 4rem; scroll-margin-top: 1rem; }
.api section h2 { overflow-wrap: anywhere; }
.api section h2 code { font-size: 0.78em; font-weight: 500; letter-spacing: 0; }
.api section h2 span { color: var(--accent); }
.api pre { margin-top: 1.5rem; }
.api thead th:first-child, .api tbody th { padding-left: 0; }
.api tbody th, .api tbody td { vertical-align: top; }
.api td.text { min-width: 18rem; max-width: 38rem; }
.api-contents { margin-top: 4rem; font: 400 0.9375rem/1.4 var(--sans); }
.api-contents h2 { margin: 0 0 0.5rem; font-size: 1.125rem; }
.api-contents ul { margin: 0 0 2rem; padding: 0; list-style: none; }
.api-contents li { padding-block: 0.15rem; overflow-wrap: anywhere; }
.api-contents a { text-decoration: none; }
.api-contents a:hover { text-decoration: underline; }
.api-statuses { display: grid; gap: 0.35rem; margin: 1.5rem 0 0; font: 400 0.9375rem/1.4 var(--sans); }
.api-statuses div { display: flex; gap: 1rem; }
@media (min-width: 64rem) {
  .api { grid-template-columns: 15rem minmax(0, 1fr); }
  .api-contents { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding-block: 1.5rem; margin-top: 2.75rem; }
}
`
