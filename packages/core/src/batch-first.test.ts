import { describe, expect, it } from 'vitest'
import { batchFirst } from './batch-first.ts'
import { tensor } from './tensor.ts'

describe('the batch in front', () => {
  it('has every example as a row, whichever axis it was: two examples of three tokens of two', () => {
    // Token by token, the first example counts from 0, the second from 10.
    const tokens = tensor([3, 2, 2], [0, 1, 10, 11, 2, 3, 12, 13, 4, 5, 14, 15])
    const rows = tensor([2, 3, 2], [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15])
    expect(batchFirst(tokens, 1)).toEqual(rows)
    expect(batchFirst(tensor([3, 2], [0, 10, 1, 11, 2, 12]), 1)).toEqual(tensor([2, 3], [0, 1, 2, 10, 11, 12]))
    expect(batchFirst(rows, 0)).toEqual(rows)
  })
})
