import { perturbModel, representatives } from '../src/index.ts'
import type { Field, Raced } from './contenders.ts'
import { once } from './once.ts'

/**
 * Races all contenders, in rounds: every layer under every representative perturbation at one of its levels, the next one each round, on
 * the next chunk of images.
 *
 * @param folder where finished rounds are kept
 */
export async function atEqualImages(field: Field, rounds: number, folder: string): Promise<Raced[]> {
  const { model, names } = field
  const raced: Raced[] = []
  for (let round = 0; round < rounds; round++) {
    const cells = cellsOf(field, round)
    const drawn = cells.map(({ weightSha256 }) => weightSha256)
    const settings = [model.onnx.sha256, names, drawn]
    raced.push(await once(folder, `equal-images-${model.name}-${round}`, settings, () => field.race(cells, round)))
    console.error(`${model.name}, equal images: round ${round + 1} of ${rounds}`)
  }
  return raced
}

function cellsOf({ model }: Field, round: number) {
  return model.onnx.layers.flatMap((layer, depth) =>
    representatives.map(({ plugin }, which) => {
      const levels = plugin.intensities
      const intensity = levels[(depth + which + round) % levels.length]!
      return { layer, ...perturbModel(model, { layer: layer.name, perturbation: plugin, intensity, repeat: 0 }) }
    }),
  )
}
