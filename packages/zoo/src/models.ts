import { readdir, readFile } from 'node:fs/promises'
import { DatasetError, findNamed } from '@loadbearing/core'
import { type ModelCard, modelCard } from './card.ts'
import { readShipped, shippedPath } from './shipped.ts'

/** A network of the zoo. */
export interface ZooModel {
  readonly card: ModelCard
  /** The ONNX file. */
  readonly bytes: Uint8Array
  readonly path: string
}

/** The cards of all networks, by name. @throws DatasetError when a card is damaged */
export async function listZoo(): Promise<ModelCard[]> {
  const files = (await readdir(shippedPath('models'))).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(files.map(readCard))
}

async function readCard(file: string): Promise<ModelCard> {
  try {
    return modelCard.parse(JSON.parse(await readFile(shippedPath(`models/${file}`), 'utf8')))
  } catch (cause) {
    throw new DatasetError(`The zoo's card models/${file} is damaged.`, {
      hint: 'Install @loadbearing/zoo again; in a checkout, restore the file with git.',
      cause,
    })
  }
}

/**
 * A network by name, without the `zoo:` in front.
 *
 * @throws InputError naming the nearest name; DatasetError when the file is not what the card says
 */
export async function readZooModel(name: string): Promise<ZooModel> {
  const card = findNamed('network in the zoo', name, await listZoo())
  const file = `models/${card.name}.onnx`
  return { card, bytes: await readShipped(file, card.sha256), path: shippedPath(file) }
}
