/** What the reference adds to the site's own style sheet. */
export const referenceStyle = `
.reference { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 3rem; }
.reference section { margin-top: 3.5rem; scroll-margin-top: 1rem; }
.reference section h2 { overflow-wrap: anywhere; }
.reference section h2 code { font-size: 0.8em; }
.reference pre { margin-top: 1.5rem; }
.reference thead th:first-child, .reference tbody th { padding-left: 0; }
.reference td.text { min-width: 18rem; }
.contents { margin-top: 3.5rem; font: 400 0.9375rem/1.4 var(--sans); }
.contents h2 { margin: 0 0 0.5rem; font-size: 1.125rem; }
.contents ul { margin: 0 0 2rem; padding: 0; list-style: none; }
.contents li { padding-block: 0.15rem; overflow-wrap: anywhere; }
.contents a { text-decoration: none; }
.contents a:hover { text-decoration: underline; }
.statuses { display: grid; gap: 0.35rem; margin: 1.5rem 0 0; font: 400 0.9375rem/1.4 var(--sans); }
.statuses div { display: flex; gap: 1rem; }
@media (min-width: 64rem) {
  .reference { grid-template-columns: 16rem minmax(0, 1fr); }
  .contents { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding-block: 1rem; margin-top: 2.5rem; }
}
`
