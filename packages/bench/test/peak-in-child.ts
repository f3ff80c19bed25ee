/**
 * Measures two chunks of a network in a process of its own, and says how many bytes it should take and how many it took at its peak, as JSON.
 *
 *   peak-in-child.ts FOLDER MODEL THREADS
 */
import { measure, perturbations } from '../src/index.ts'

const [out = '', reference = '', threads = '1'] = process.argv.slice(2)
const names = ['magnitude-pruning', 'activation-quantization']
let said = 0
await measure({
  models: [{ reference }],
  perturbations: perturbations.filter(({ plugin }) => names.includes(plugin.name)),
  out,
  precision: { kind: 'fixed', images: 260, repeats: 1 },
  threads: Number(threads),
  onProgress(progress) {
    if (progress.kind === 'plan') said = progress.memory
  },
})
console.log(JSON.stringify({ said, peak: 1024 * process.resourceUsage().maxRSS }))
