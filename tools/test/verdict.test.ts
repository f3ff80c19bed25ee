import { describe, expect, it } from 'vitest'
import { judge, type JudgedTask } from '../zoo-worth/verdict.ts'

const task = (network: string, adjustedR2: number | null, more: Partial<JudgedTask> = {}): JudgedTask => ({
  network,
  family: network,
  layers: 22,
  live: 3,
  ceiling: 1,
  adjustedR2,
  ...more,
})

describe('judge', () => {
  it('finds the zoo beyond the threshold only where more than half of the tasks lie above it', () => {
    const half = [task('a', 0.9), task('a', 0.71), task('b', 0.7), task('b', -0.1)]
    expect(judge(half)).toMatchObject({ tasks: 4, above: 2, share: 0.5, beyond: false, aboveByNetwork: [['a', 2]] })
    expect(judge([...half, task('c', 0.8)])).toMatchObject({ tasks: 5, above: 3, beyond: true })
  })

  it('does not ask networks of fewer than 20 layers, nor tasks without a live level', () => {
    const others = [task('a', 0.9, { layers: 19 }), task('b', null, { live: 0 })]
    expect(judge([task('c', 0.1, { layers: 20 }), ...others])).toMatchObject({ tasks: 1, above: 0, beyond: false })
    expect(judge(others)).toMatchObject({ tasks: 0, share: null, beyond: null })
  })

  it('says what the share would be with families weighing the same, and without noise', () => {
    const tasks = [task('a', 0.9), task('b', 0.6, { ceiling: 0.9 }), task('c', 0.6, { family: 'b', ceiling: null })]
    expect(judge(tasks).share).toBeCloseTo(1 / 3)
    expect(judge(tasks).shareByFamily).toBeCloseTo(1 / 2)
    expect(judge(tasks).shareWithoutNoise).toBeCloseTo(2 / 3)
  })
})
