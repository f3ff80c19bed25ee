import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { findNamed } from '@loadbearing/core'
import { type ModelCard, modelCard } from './card.ts'
import { readShipped, readShippedJson, shippedNames, shippedPath } from './shipped.ts'

/** A network of the zoo. */
export interface ZooModel {
  readonly card: ModelCard
  /** The ONNX file. */
  readonly bytes: Uint8Array
  readonly path: string
}

/** The cards of all networks, by name. @throws DatasetError when a card is missing or damaged */
export async function listZoo(): Promise<ModelCard[]> {
  const files = (await shippedNames('models')).filter((file) => file.endsWith('.json'))
  return Promise.all(files.map((file) => readShippedJson(`models/${file}`, modelCard)))
}

/** The cards of the networks that ship with this package: enough for a benchmark in minutes, without a network. */
export async function listShipped(): Promise<ModelCard[]> {
  const files = new Set(await shippedNames('models'))
  return (await listZoo()).filter((card) => files.has(`${card.name}.onnx`))
}

/**
 * A network by name, without the `zoo:` in front.
 *
 * @throws InputError naming the nearest name; DatasetError when the file is not what the card says
 */
export async function readZooModel(name: string): Promise<ZooModel> {
  const card = findNamed('network in the zoo', name, await listZoo())
  const file = `models/${card.name}.onnx`
  if ((await shippedNames('models')).includes(`${card.name}.onnx`)) {
    return { card, bytes: await readShipped(file, card.sha256), path: shippedPath(file) }
  }
  const path = createRequire(import.meta.url).resolve(`@loadbearing/zoo-networks/networks/${card.name}.onnx`)
  return { card, bytes: await readFile(path), path }
}
