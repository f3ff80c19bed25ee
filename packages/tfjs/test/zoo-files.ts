import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Those that ship, and those that the checkout has besides. */
const folders = ['../../zoo/models/', '../../zoo-networks/networks/'].map((folder) => new URL(folder, import.meta.url))

/** The trained networks of the zoo, by name. */
export const zooFiles: ReadonlyMap<string, Uint8Array> = new Map(
  folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.onnx') && !file.endsWith('.initial.onnx'))
      .map((file) => [file.replace('.onnx', ''), readFileSync(new URL(file, folder))] as const),
  ),
)
