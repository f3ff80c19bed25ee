import { expect, it } from 'vitest'
import { InputError } from './errors.ts'
import { findNamed, nearest } from './nearest.ts'
import { tensor } from './tensor.ts'

const items = [{ name: 'gaussian-noise' }, { name: 'bit-flip' }]

it('finds by name', () => {
  expect(findNamed('perturbation', 'bit-flip', items)).toBe(items[1])
})

it('suggests the nearest name, and lists all where none is near', () => {
  expect(() => findNamed('perturbation', 'gausian-noise', items)).toThrow(InputError)
  const hintOf = (name: string): string | undefined => {
    try {
      findNamed('perturbation', name, items)
    } catch (error) {
      return error instanceof InputError ? `${error.message} ${error.hint}` : undefined
    }
    return undefined
  }
  expect(hintOf('gausian-noise')).toBe(
    "There is no perturbation called 'gausian-noise'. Did you mean 'gaussian-noise'?",
  )
  expect(hintOf('zzzz')).toBe("There is no perturbation called 'zzzz'. Known: gaussian-noise, bit-flip.")
  expect(nearest('x', [])).toBeUndefined()
  expect(nearest('noise', ['gaussian-noise', 'bit-flip'])).toBe('gaussian-noise')
  expect(nearest('i', ['gaussian-noise', 'bit-flip'])).toBeUndefined()
})

it('a tensor holds exactly what its shape says', () => {
  expect(() => tensor([2, 3], [1, 2, 3])).toThrow('A tensor of shape [2, 3] holds 6 values, not 3.')
  expect(tensor([], [4]).data).toEqual(Float32Array.of(4))
})
