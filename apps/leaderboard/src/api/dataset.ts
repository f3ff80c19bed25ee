import { createRoute, z } from '@hono/zod-openapi'
import { formatVersion } from '@loadbearing/dataset'
import type { Api } from './environment.ts'
import { failures } from './errors.ts'
import { described } from './fields.ts'

const column = z
  .object({
    name: described(z.string(), 'Name.'),
    type: described(z.enum(['u8', 'u16', 'u32', 'f32', 'f64', 'bool', 'utf8']), 'Its Arrow type.'),
    nullable: described(z.boolean(), 'Whether a value may be null.'),
    unit: described(z.string().nullable(), 'What a number counts; null where it has no unit.'),
    description: described(z.string(), 'What it says.'),
    refersTo: described(z.string().nullable(), 'The table whose rows it counts, where it is an id.'),
  })
  .openapi('Column')

const file = z
  .object({
    name: described(z.string(), 'Name of the file.'),
    url: described(z.string(), 'Where to download it, relative to the server; ranges are served.'),
    table: described(z.string(), 'The table that it holds.'),
    description: described(z.string(), 'What a row is.'),
    bytes: described(z.number().int(), 'Its size, in bytes.'),
    sha256: described(z.string(), 'SHA-256 in hex.'),
    rows: described(z.number().int(), 'Number of rows.'),
    columns: described(z.array(column), 'Its columns, in order.'),
  })
  .openapi('File')

const answer = z
  .object({
    digest: described(
      z.string(),
      "SHA-256 of the folder's SHA256SUMS: names the content, and is in the ETag of all answers.",
    ),
    format: described(z.string(), "Version of the tables' layout."),
    checksums: described(z.string(), 'Where to download SHA256SUMS, relative to the server.'),
    files: described(z.array(file), 'Arrow IPC files, in the order in which they build on each other.'),
  })
  .openapi('Dataset')

const route = createRoute({
  method: 'get',
  path: '/dataset',
  tags: ['Dataset'],
  summary: 'The files, with checksums, rows and columns',
  request: { query: z.strictObject({}) },
  responses: {
    200: { description: 'The files.', content: { 'application/json': { schema: answer } } },
    ...failures,
  },
})

export function addDataset(api: Api): void {
  api.openapi(route, (c) => {
    const { digest, files } = c.get('dataset')
    return c.json(
      {
        digest,
        format: formatVersion,
        checksums: '/dataset/files/SHA256SUMS',
        files: files.map(({ columns, ...rest }) => ({
          ...rest,
          url: `/dataset/files/${rest.name}`,
          columns: columns.map((its) => ({ ...its, refersTo: its.refersTo ?? null })),
        })),
      },
      200,
    )
  })
}
