import { EngineError, ModelError, sizeOf, type Tensor } from '@loadbearing/core'
import * as ort from 'onnxruntime-node'
import { messageOf } from './graph.ts'

// One thread a session: workers are the unit of parallelism, and a session of two threads does half as much a CPU-second.
const options: ort.InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4,
}

/**
 * An onnxruntime session of one thread over a serialised model.
 *
 * @throws EngineError with the runtime's own words when it refuses the model
 */
export async function openSession(bytes: Uint8Array, name: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, options)
  } catch (cause) {
    const words = messageOf(cause)
    const refused = /(?:Could not find an implementation for|No Op registered for) (\S+)/.exec(words)?.[1]
    if (refused) {
      throw new EngineError(
        `onnxruntime cannot run ${name}: it has no operator ${refused.replace(/\(.*/, '')}. ${words}`,
        {
          hint: 'Export the model with standard operators (opset 7 to 21).',
          cause,
        },
      )
    }
    throw new ModelError(`onnxruntime does not accept ${name}: ${words}`, {
      hint: 'Check the file with onnx.checker, then export or download it again.',
      cause,
    })
  }
}

/** Runs a session. @throws EngineError with the runtime's own words */
export async function runSession(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, ort.Tensor>>,
  name: string,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds)
  } catch (cause) {
    throw new EngineError(`onnxruntime failed on ${name}: ${messageOf(cause)}`, { cause })
  }
}

export function toOrt({ data, shape }: Tensor): ort.Tensor {
  return new ort.Tensor('float32', data, [...shape])
}

/** A float32 value of a run, as a tensor; with `shape` where the run's own has trailing dimensions of one. */
export function fromOrt(value: ort.OnnxValue | undefined, name: string): Tensor {
  if (value?.type !== 'float32' || !(value.data instanceof Float32Array)) {
    throw new EngineError(`'${name}' is not a float32 tensor.`)
  }
  return { shape: value.dims, data: value.data }
}

/** The examples from `start` up to `end` of a batch, without a copy. */
export function slice({ shape, data }: Tensor, start: number, end: number): Tensor {
  const stride = sizeOf(shape.slice(1))
  return { shape: [end - start, ...shape.slice(1)], data: data.subarray(start * stride, end * stride) }
}
