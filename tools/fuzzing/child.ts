/**
 * Reads damaged files, one after the other, in a process that may die of it. Sends an outcome a case.
 *
 *   fork('child.ts', ['onnx' | 'arrow', SEED]), then a message with the number of each case
 */
import { rngFrom } from '@loadbearing/core'
import { outcomeOf } from './case.ts'

const [format = '', seed = ''] = process.argv.slice(2)
const makeCase =
  format === 'onnx' ? (await import('./onnx-case.ts')).onnxCase : (await import('./arrow-case.ts')).arrowCase

process.on('message', (index: number) => {
  void outcomeOf(makeCase(rngFrom('fuzz', format, seed, index))).then((outcome) => {
    process.send?.({ ...outcome, peak: process.resourceUsage().maxRSS * 1024 })
  })
})
process.send?.('ready')
