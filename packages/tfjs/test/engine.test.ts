import * as tf from '@tensorflow/tfjs'
import { expect, it } from 'vitest'
import { checkEngine, openEngine } from '../src/index.ts'
import { engine } from './engine.ts'

const events = ['uncaughtException', 'unhandledRejection'] as const
const listeners = events.map((event) => process.listenerCount(event))
const opened = await openEngine(engine)
const { name, version, threads, missing } = opened

const running = `${name} ${version}, threads: ${threads}${missing === undefined ? '' : `; not on tfjs-node: ${missing}`}`
console.info(`packages/tfjs is tested on ${running}`)

it('runs on what is asked for, else on the native binding where it loads', async () => {
  expect(name).toBe(engine.only ?? (missing === undefined ? 'tfjs-node' : 'tfjs-wasm'))
  expect(tf.getBackend()).toBe({ 'tfjs-node': 'tensorflow', 'tfjs-wasm': 'wasm' }[name])
  expect(version).toMatch(/^4\.\d+\.\d+/)
  expect(threads).toBeGreaterThanOrEqual(1)
  // One a process: whoever asks later is told the same.
  expect(await openEngine({ threads: threads + 1 })).toEqual(opened)
  const other = name === 'tfjs-wasm' ? 'tfjs-node' : 'tfjs-wasm'
  await expect(openEngine({ only: other })).rejects.toThrow(
    `${name} computes gradients in this process already, so that ${other} cannot.`,
  )
})

it('refuses an engine of the environment that there is not', async () => {
  const before = process.env.LOADBEARING_ENGINE
  process.env.LOADBEARING_ENGINE = 'tfjs-cpu'
  await expect(openEngine()).rejects.toThrow("LOADBEARING_ENGINE names 'tfjs-cpu', which is no engine.")
  if (before === undefined) delete process.env.LOADBEARING_ENGINE
  else process.env.LOADBEARING_ENGINE = before
})

it('takes a gradient that is known', async () => {
  expect(await checkEngine(engine)).toEqual(opened)
})

it('leaves the errors of the process to others', () => {
  expect(events.map((event) => process.listenerCount(event))).toEqual(listeners)
})

it('has every kernel that gradients need on that engine', () => {
  const kernels = new Set(tf.getKernelsForBackend(tf.getBackend()).map(({ kernelName }) => kernelName))
  const needed = [
    'Conv2DBackpropFilter',
    'Conv2DBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
    'DepthwiseConv2dNativeBackpropInput',
    'MaxPoolGrad',
    'AvgPoolGrad',
    'UnsortedSegmentSum',
  ]
  expect(needed.filter((kernel) => !kernels.has(kernel))).toEqual([])
})
