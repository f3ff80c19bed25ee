import { findNamed } from '@loadbearing/core'
import { type ModelCard, modelCard } from './card.ts'
import type { FetchOptions } from './fetch-options.ts'
import { readCached, readInstalled } from './networks.ts'
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
 * A network by name, without the `zoo:` in front: the file that ships, or that of @loadbearing/zoo-networks, which is fetched into the
 * user's cache where it is not installed.
 *
 * @throws InputError naming the nearest name; DatasetError when the file is not what the card says or cannot be fetched; the signal's
 *   reason when aborted
 */
export async function readZooModel(name: string, options: FetchOptions = {}): Promise<ZooModel> {
  const card = findNamed('network in the zoo', name, await listZoo())
  const file = `models/${card.name}.onnx`
  if ((await shippedNames('models')).includes(`${card.name}.onnx`)) {
    return { card, bytes: await readShipped(file, card.sha256), path: shippedPath(file) }
  }
  return { card, ...((await readInstalled(card)) ?? (await readCached(card, options))) }
}

/**
 * The file of a network of the zoo with every layer's weight as it was before training, under the trained normalisation; undefined where
 * that was not kept.
 *
 * @throws as readZooModel does
 */
export async function readZooInitial(name: string, options: FetchOptions = {}): Promise<Uint8Array | undefined> {
  const { initialSha256: sha256 } = findNamed('network in the zoo', name, await listZoo())
  if (sha256 === undefined) return undefined
  const file = { name: `${name}.initial`, sha256 }
  const { bytes } = (await readInstalled(file)) ?? (await readCached(file, options))
  return bytes
}
