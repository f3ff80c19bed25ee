import { EngineError, ModelError } from '@loadbearing/core'
import * as ort from 'onnxruntime-node'
import { messageOf } from './graph.ts'

// One thread a session: workers are the unit of parallelism, and a session of two threads does half as much a CPU-second.
const options: ort.InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4,
  // It takes any Transpose for one of a matrix (microsoft/onnxruntime#32228), and removes some that are outputs of the graph,
  // after which a run ends the process.
  extra: {
    optimization: { disable_specified_optimizers: 'GemmTransposeFusion' },
    // A layer's weight is changed behind its DequantizeLinear, where integer kernels could not take it: the whole network
    // computes in float32 what its QuantizeLinear and DequantizeLinear nodes say, with the layer's own weight and with others.
    session: { disable_quant_qdq: '1' },
  },
}

/** What onnxruntime says of an operator that it does not know, or not for these types. */
const lacksOperator =
  /(?:Could not find an implementation for|No Op registered for) ([^\s(]+)|(\S+?)\(-?\d+\) is not a registered/

/**
 * An onnxruntime session of one thread over a serialised model.
 *
 * @throws EngineError with the runtime's own words when it refuses the model
 */
export async function openSession(bytes: Uint8Array, name: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, options)
  } catch (cause) {
    const words = wordsOf(cause)
    const refused = lacksOperator.exec(words)?.slice(1).find(Boolean)
    if (refused) {
      throw new EngineError(`onnxruntime cannot run ${name}: it has no operator ${refused}. It says: ${words}.`, {
        hint: 'Export the model with standard operators (opset 7 to 26).',
        cause,
      })
    }
    const newest = /support for domain ai\.onnx is till opset (\d+)/.exec(words)?.[1]
    if (newest) {
      throw new EngineError(`${name} is of a newer opset than onnxruntime knows, which is ${newest}.`, {
        hint: `Export the model with opset ${newest} or older.`,
        cause,
      })
    }
    throw new ModelError(`onnxruntime does not accept ${name}: ${words}.`, {
      hint: 'Check the file with onnx.checker, then export or download it again.',
      cause,
    })
  }
}

/** The runtime's words; it repeats names of the file, which may be of any length. */
function wordsOf(cause: unknown): string {
  const words = messageOf(cause)
  return words.length > mostWords ? `${words.slice(0, mostWords)}…` : words
}

/** Characters of the runtime's words that are read and handed on. */
const mostWords = 2000

/** Runs a session. @throws EngineError with the runtime's own words */
export async function runSession(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, ort.OnnxValue>>,
  name: string,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds)
  } catch (cause) {
    throw new EngineError(`onnxruntime failed on ${name}: ${wordsOf(cause)}.`, {
      hint: 'Check the file with onnx.checker, then export or download it again.',
      cause,
    })
  }
}
