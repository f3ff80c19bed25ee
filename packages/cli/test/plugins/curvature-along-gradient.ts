import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

/** Asks for all that a backward engine gives. */
export default defineCriterion({
  name: 'curvature-along-gradient',
  version: 1,
  summary: 'The curvature of the loss along its own gradient.',
  reference: { title: 'none', url: 'https://example.org' },
  needs: ['gradients', 'hessian', 'labels'],
  options: z.object({}),
  async score({ layers, gradients, hessianProduct }) {
    for await (const { gradients: gradient } of gradients({ examples: 8 })) {
      const product = await hessianProduct(gradient, 8)
      return byLayer(layers, ({ name }) => {
        const along = gradient.get(name)!.data
        return product.get(name)!.data.reduce((sum, value, i) => sum + value * along[i]!, 0)
      })
    }
    return new Map()
  },
})
