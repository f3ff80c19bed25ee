import { ModelError } from '@loadbearing/core'
import type { onnx } from 'onnx-proto'
import { field, fieldsOf } from './fields.ts'
import { proto } from './graph.ts'

/**
 * The protobuf classes do not know the defaults of a function's attributes, nor overloads: the parts of a network, which are
 * encoded anew, would lose them and compute something else.
 *
 * @param decoded the same file, decoded
 * @throws ModelError when a function of the file has either
 */
export function refuseLossyFunctions(file: Uint8Array, decoded: onnx.ModelProto, model: string): void {
  if (decoded.functions.length === 0) return
  for (const { number, content } of fieldsOf(file)) {
    if (number !== field.model.functions || !content) continue
    const fields = new Set(fieldsOf(content).map((each) => each.number))
    const what = fields.has(field.function.attributeDefaults)
      ? 'defaults for its attributes'
      : fields.has(field.function.overload)
        ? 'overloads'
        : undefined
    if (what === undefined) continue
    const { name } = proto.FunctionProto.decode(content)
    throw new ModelError(`The function '${name}' of ${model} has ${what}, which are not read yet.`, {
      hint: 'Inline the functions: onnx.inliner.inline_local_functions(model).',
    })
  }
}
