/**
 * Runs one job after the other in a pool, in a process of its own that must end by itself, and says what became of it as JSON.
 *
 *   pool-in-child.ts FOLDER PERTURBATION [--model PATH] [--opening SECONDS] [--least SECONDS] [--stop-after SECONDS]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LoadbearingError } from '@loadbearing/core'
import { loadModel } from '../src/model.ts'
import { openPool } from '../src/pool.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'zoo:lenet-fashion' },
    opening: { type: 'string', default: '3600' },
    least: { type: 'string', default: '600' },
    'stop-after': { type: 'string' },
  },
})
const [folder = '', name = ''] = positionals
const { model, opening, least, 'stop-after': seconds } = values
const { onnx } = await loadModel({ reference: 'zoo:lenet-fashion' })
const job = {
  id: 0,
  folder,
  source: { reference: model },
  cifar10: undefined,
  perturbation: { name, module: join(import.meta.dirname, 'deadly-perturbations.ts') },
  layer: onnx.layers[1]!.name,
  asked: { activations: false, initial: false },
  unit: {
    model: onnx.sha256,
    grid: { intensities: [1], points: [[0, 0]] as const },
    chunk: 0,
    chunkSize: 25,
    images: 25,
  },
}

const signal = seconds === undefined ? undefined : AbortSignal.timeout(1000 * Number(seconds))
const pool = openPool({ threads: 1, signal, patience: { opening: Number(opening), least: Number(least), times: 1 } })
const finished: number[] = []
try {
  await pool.run([job], ({ id }) => finished.push(id))
  console.log(JSON.stringify({ finished }))
} catch (error) {
  const { message } = error as Error
  console.log(
    JSON.stringify(error instanceof LoadbearingError ? { code: error.code, message, hint: error.hint } : { message }),
  )
} finally {
  await pool.close()
}
