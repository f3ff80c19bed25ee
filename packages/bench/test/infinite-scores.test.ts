import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { small } from './small-measurement.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { measure } from '../src/measure.ts'

it('a network whose scores are infinite without any perturbation is refused before anything of it is measured', async () => {
  const out = temporaryFolder()
  const models = [{ reference: 'zoo:lenet-fashion', preprocessing: { scale: 1e-40, mean: [0], std: [1] } }]
  await expect(measure(small(out, { models }))).rejects.toMatchObject({
    code: 'model',
    message: 'lenet-fashion gives NaN or infinite class scores for 25 of 25 images.',
    hint: expect.stringContaining('--scale') as string,
  })
  expect(existsSync(join(out, '.measure/plan.json'))).toBe(false)
})
