import { byLayer, type CriterionContext, type Layer, type LayerScores, meanOfDraws } from '@loadbearing/core'

/** Forwards that a pass costs which serves all layers: those of both networks, and one backward, which takes as long as two. */
const passCost = 4

/**
 * ⟨∂KL/∂W_l, W′_l − W_l⟩ of every layer, KL the mean divergence of what the network predicts with all its layers perturbed at once from
 * what it predicts with its own weights: to first order what the divergence falls by when this layer alone gets its own weights back.
 * The budget of a layer is `forwards`; as a pass serves all layers, it runs on as many of the first examples as theirs together pay for, one
 * at least, split into `draws` draws of a stochastic perturbation, or into as many as it pays for. The standard error is that of the draws alone.
 */
export async function klGradients(
  {
    layers,
    examples,
    weights,
    gradients,
    perturbation,
    perturbed,
  }: CriterionContext<'weights' | 'gradients' | 'perturbation' | 'perturbedForward'>,
  { forwards, draws }: { readonly forwards: number; readonly draws: number },
  scale: (layer: Layer) => number = () => 1,
): Promise<LayerScores> {
  const paid = Math.max(1, Math.floor((forwards * layers.length) / passCost))
  const rounds = perturbation.stochastic ? Math.min(draws, paid) : 1
  const count = Math.min(examples, Math.floor(paid / rounds))
  const drawn: ReadonlyMap<string, number>[] = []
  for (let draw = 0; draw < rounds; draw++) drawn.push(await alignments(draw))
  return byLayer(layers, (layer) => meanOfDraws(drawn.map((its) => scale(layer) * its.get(layer.name)!)))

  async function alignments(draw: number): Promise<ReadonlyMap<string, number>> {
    const moved = new Map(layers.map((layer) => [layer.name, perturbed(layer, draw)]))
    const sums = new Map(layers.map(({ name }) => [name, 0]))
    const asked = { objective: 'divergence', examples: count, weights: moved } as const
    for await (const batch of gradients(asked)) {
      for (const layer of layers) {
        const { data } = batch.gradients.get(layer.name)!
        const [to, own] = [moved.get(layer.name)!.data, weights(layer).data]
        const alignment = data.reduce((sum, gradient, i) => sum + gradient * (to[i]! - own[i]!), 0)
        sums.set(layer.name, sums.get(layer.name)! + (batch.examples / count) * alignment)
      }
    }
    return sums
  }
}
