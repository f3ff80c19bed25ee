import { readFileSync } from 'node:fs'
import { z } from '@hono/zod-openapi'
import { html, raw } from 'hono/html'
import type { Api } from './environment.ts'
import { fontFamilies, fontsPath } from './fonts.ts'
import { referenceStyle } from './reference-style.ts'

type Document = ReturnType<Api['getOpenAPI31Document']>
type Schema = NonNullable<NonNullable<Document['components']>['schemas']>[string]
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>
type Parameter = NonNullable<Operation['parameters']>[number]
type Markup = ReturnType<typeof html>

const siteStyle = readFileSync(new URL('../../site/styles/site.css', import.meta.url), 'utf8')

const sections = [
  ['/', 'Leaderboard'],
  ['/criteria/', 'Criteria'],
  ['/models/', 'Models'],
  ['/perturbations/', 'Perturbations'],
  ['/dataset/', 'Dataset'],
  ['/methods/', 'Methods'],
] as const

const responseShape = z.object({
  description: z.string(),
  content: z.object({ 'application/json': z.object({ schema: z.object({ $ref: z.string() }) }) }),
})

/** The OpenAPI document as a page in the site's own style, without a script. */
export function renderReference(document: Document): Markup {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, { get }]) => (get ? [{ path, get }] : []))
  const schemas = Object.entries(document.components?.schemas ?? {})
  const base = document.servers?.[0]?.url ?? ''
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>API · Loadbearing</title>
        <meta name="description" content="${document.info.description ?? ''}" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        ${fontFamilies.map((family) => html`<link rel="stylesheet" href="${fontsPath}/${family}/index.css" />`)}
        <style>
          ${raw(siteStyle + referenceStyle)}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="masthead">
          <div class="wide">
            <a class="wordmark" href="/">Loadbearing</a>
            <nav aria-label="Sections">
              <ul>
                ${sections.map(([path, name]) => html`<li><a href="${path}">${name}</a></li>`)}
                <li><a href="${base}/" aria-current="page">API</a></li>
              </ul>
            </nav>
          </div>
        </header>
        <main id="content" class="wide">
          <header class="opening">
            <h1>API</h1>
            <p class="lead">${document.info.description ?? ''}</p>
            <p class="api-about">
              Version ${document.info.version}, described by <a href="${base}/openapi.json">openapi.json</a> (OpenAPI
              ${document.openapi}). An error is <code>{ "error": { "code", "message", "hint" } }</code>.
            </p>
          </header>
          <div class="api">
            <nav class="api-contents" aria-label="Contents">
              <h2>Requests</h2>
              <ul>
                ${operations.map(({ path }) => html`<li><a href="#${anchorOf(path)}">${path}</a></li>`)}
              </ul>
              <h2>Answers</h2>
              <ul>
                ${schemas.map(([name]) => html`<li><a href="#${name}">${name}</a></li>`)}
              </ul>
            </nav>
            <div>
              ${operations.map(({ path, get }) => request(base, path, get))}
              ${schemas.map(([name, schema]) => answer(name, schema))}
            </div>
          </div>
        </main>
      </body>
    </html>`
}

function request(base: string, path: string, operation: Operation): Markup {
  const parameters = (operation.parameters ?? []).filter((parameter) => 'name' in parameter)
  return html`<section id="${anchorOf(path)}">
    <h2>
      <code><span>GET</span> ${base}${path}</code>
    </h2>
    <p><strong>${operation.summary ?? ''}.</strong> ${operation.description ?? ''}</p>
    ${parameters.length > 0 ? fields(parameters.map(ofParameter)) : ''}
    <pre><code>curl '${exampleOf(base, path, parameters)}'</code></pre>
    <dl class="api-statuses">
      ${Object.entries(operation.responses ?? {}).map(([status, response]) => {
        const { description, content } = responseShape.parse(response)
        return html`<div>
          <dt>${status}</dt>
          <dd>${typeOf(content['application/json'].schema)}: ${description}</dd>
        </div>`
      })}
    </dl>
  </section>`
}

function answer(name: string, schema: Schema): Markup {
  return html`<section id="${name}">
    <h2>${name}</h2>
    ${fields(fieldsOf(schema))}
  </section>`
}

interface Field {
  readonly name: string
  readonly type: Markup | string
  readonly description: string
}

function fields(rows: readonly Field[]): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Type</th>
          <th scope="col">What it says</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, type, description }) =>
            html`<tr>
              <th scope="row"><code>${name}</code></th>
              <td>${type}</td>
              <td class="text">${description}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function ofParameter(parameter: Parameter): Field {
  if (!('name' in parameter)) return { name: '', type: '', description: '' }
  const { name, in: place, schema, description } = parameter
  return {
    name: place === 'path' ? `{${name}}` : `?${name}=`,
    type: schema ? typeOf(schema) : '',
    description: [description ?? descriptionOf(schema), defaultOf(schema)].join(' ').trim(),
  }
}

/** The fields of a schema; those of an object within it follow it, with their path. */
function fieldsOf(schema: Schema, path = ''): Field[] {
  if ('$ref' in schema) return []
  if (schema.allOf) return schema.allOf.flatMap((part) => fieldsOf(part, path))
  return Object.entries(schema.properties ?? {}).flatMap(([name, its]) => {
    const items = '$ref' in its || its.items === undefined ? undefined : its.items
    const full = `${path}${name}${items ? '[]' : ''}`
    return [{ name: full, type: typeOf(its), description: descriptionOf(its) }, ...fieldsOf(items ?? its, `${full}.`)]
  })
}

/** A type in words, with a link where it is described elsewhere. */
function typeOf(schema: Schema | undefined): Markup | string {
  if (!schema) return ''
  if ('$ref' in schema) {
    const name = schema.$ref.split('/').at(-1) ?? ''
    return html`<a href="#${name}">${name}</a>`
  }
  if (schema.enum)
    return html`${schema.enum.map((value, index) => html`${index > 0 ? ' or ' : ''}<code>${String(value)}</code>`)}`
  const parts = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (parts) return html`${parts.map((part, index) => html`${index > 0 ? ' or ' : ''}${typeOf(part)}`)}`
  if (schema.items) return html`array of ${typeOf(schema.items)}`
  return [schema.type ?? 'any'].flat().join(' or ')
}

function descriptionOf(schema: Schema | undefined): string {
  if (!schema || '$ref' in schema) return ''
  return schema.description ?? schema.allOf?.map(descriptionOf).join(' ').trim() ?? ''
}

function defaultOf(schema: Schema | undefined): string {
  return !schema || '$ref' in schema || schema.default === undefined ? '' : `Default: ${String(schema.default)}.`
}

function exampleOf(base: string, path: string, parameters: readonly Parameter[]): string {
  const query: string[] = []
  let filled = path
  for (const parameter of parameters) {
    if (!('name' in parameter) || !parameter.schema || '$ref' in parameter.schema) continue
    const { name, in: place, schema } = parameter
    const example = String([schema.example ?? schema.default ?? schema.enum?.[0]].flat()[0])
    if (place === 'path') filled = filled.replace(`{${name}}`, example)
    else query.push(`${name}=${example}`)
  }
  return `http://127.0.0.1:4321${base}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

function anchorOf(path: string): string {
  return path
    .slice(1)
    .replace(/[^a-z]+/g, '-')
    .replace(/-$/, '')
}
