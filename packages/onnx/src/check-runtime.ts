import { EngineError } from '@loadbearing/core'
import * as ort from 'onnxruntime-node'
import { proto } from './graph.ts'
import { openSession, runSession } from './session.ts'

/** [3, 4] · [5, 6] */
const product = 39

/**
 * Runs a network of one MatMul, whose answer is known.
 *
 * @returns the version of onnxruntime-node, and the threads of a session
 * @throws EngineError when it gives another answer
 */
export async function checkRuntime(): Promise<{ readonly version: string; readonly threads: number }> {
  const value = (name: string, ...sizes: number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: proto.TensorProto.DataType.FLOAT,
        shape: { dim: sizes.map((dimValue) => ({ dimValue })) },
      },
    },
  })
  const model = proto.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'product',
      node: [{ opType: 'MatMul', input: ['a', 'b'], output: ['c'] }],
      input: [value('a', 1, 2), value('b', 2, 1)],
      output: [value('c', 1, 1)],
    },
  }).finish()
  const session = await openSession(model, 'a product')
  const feeds = {
    a: new ort.Tensor('float32', [3, 4], [1, 2]),
    b: new ort.Tensor('float32', [5, 6], [2, 1]),
  }
  const { c } = await runSession(session, feeds, 'a product')
  await session.release()
  const made = c!.data[0]
  if (made !== product) throw new EngineError(`onnxruntime says that 3 · 5 + 4 · 6 is ${String(made)}.`)
  return { version: ort.env.versions.node!, threads: 1 }
}
