import { type AnyCriterion, type CriterionContext, type Inputs, sizeOf, tensor, type Tensor } from '@loadbearing/core'

type ProbeContext = CriterionContext<'identity' | 'logits' | 'perturbation' | 'perturbedForward'>

/**
 * Lets probes that perturb alike run the network once between them: what one has run on many images serves the others, and the same one
 * with less to spend. Ask the ones that spend most first. Of one model at a time; that a probe spends what it says is for its own test.
 */
export function sharingForwards(): (probe: AnyCriterion) => AnyCriterion {
  let model: string | undefined
  const kept = new Map<string, Tensor>()
  const shared = async (key: string, inputs: Inputs, run: () => Promise<Tensor>): Promise<Tensor> => {
    const { source, count } = sourceOf(inputs)
    const name = `${key}, ${source}`
    const before = kept.get(name)
    const logits = before && before.shape[0]! >= count ? before : await run()
    kept.set(name, logits)
    return firstRows(logits, count)
  }

  return (probe) => ({
    ...probe,
    needs: [...new Set([...probe.needs, 'identity' as const])],
    score(context: never, options: never) {
      const given: ProbeContext = context
      if (model !== given.model) kept.clear()
      model = given.model
      const level = `${given.perturbation.name} at ${given.intensity}`
      const draws = new Map<Tensor, number>()
      const its: ProbeContext = {
        ...given,
        logits: (inputs = given.examples) => shared('clean', inputs, () => given.logits(inputs)),
        perturbed: (layer, draw = 0) => {
          // Drawn when it is looked at: most are only run, and most runs are known.
          const weight = {
            shape: layer.weightShape,
            get data() {
              return given.perturbed(layer, draw).data
            },
          }
          draws.set(weight, draw)
          return weight
        },
        perturbedForward: (layer, weight, inputs) =>
          shared(`${layer.name}, ${level}, draw ${draws.get(weight)!}`, inputs, () =>
            given.perturbedForward(layer, tensor(weight.shape, weight.data), inputs),
          ),
      }
      return probe.score(its as never, options)
    },
  })
}

/** Those of one source are the first ones of each other. */
function sourceOf(inputs: Inputs): { readonly source: string; readonly count: number } {
  if (typeof inputs === 'number') return { source: 'examples from 0', count: inputs }
  if ('noise' in inputs) return { source: 'noise', count: inputs.noise }
  return { source: `examples from ${inputs.from}`, count: inputs.count }
}

function firstRows({ shape: [, ...row], data }: Tensor, count: number): Tensor {
  return tensor([count, ...row], data.subarray(0, count * sizeOf(row)))
}
