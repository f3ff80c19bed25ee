import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../zoo/models/', import.meta.url)

/** The networks of the zoo that ship, by name. */
export const shipped: ReadonlyMap<string, Uint8Array> = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => [file.replace('.onnx', ''), readFileSync(new URL(file, folder))]),
)
