import { sizeOf, type Tensor } from './tensor.ts'

/** The same tensor with the axis of the batch in front: a row an example, in whatever place the graph has it. */
export function batchFirst({ shape, data }: Tensor, batchAxis: number): Tensor {
  if (batchAxis === 0) return { shape, data }
  const [outer, batch, inner] = [shape.slice(0, batchAxis), shape[batchAxis]!, shape.slice(batchAxis + 1)]
  const [rows, size] = [sizeOf(outer), sizeOf(inner)]
  const moved = new Float32Array(data.length)
  for (let row = 0; row < rows; row++) {
    for (let example = 0; example < batch; example++) {
      const from = (row * batch + example) * size
      moved.set(data.subarray(from, from + size), (example * rows + row) * size)
    }
  }
  return { shape: [batch, ...outer, ...inner], data: moved }
}
