import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitImages } from './split.ts'

const sets = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 60 }).chain((keys) =>
  fc.record({
    keys: fc.constant(keys),
    labels: fc.array(fc.nat(4), { minLength: keys.length, maxLength: keys.length }),
  }),
)

const namesOf = (keys: readonly string[], indices: readonly number[]) => indices.map((index) => keys[index]!)

/** `count` images of each class. */
function large(classes: number, count: number) {
  const keys = Array.from({ length: classes * count }, (_, i) => `${i % classes}/${i}.png`)
  return { keys, labels: keys.map((_, i) => i % classes) }
}

describe('the split', () => {
  it('puts every image on one side, in order, and one of every class into the truth', () => {
    fc.assert(
      fc.property(sets, ({ keys, labels }) => {
        const { calibration, test } = splitImages(keys, labels)
        expect([...calibration, ...test].toSorted((a, b) => a - b)).toEqual([...keys.keys()])
        expect(calibration).toEqual(calibration.toSorted((a, b) => a - b))
        expect(new Set(test.map((index) => labels[index]))).toEqual(new Set(labels))
        for (const label of new Set(labels)) {
          const count = labels.filter((each) => each === label).length
          if (count >= 5) expect(calibration.some((index) => labels[index] === label)).toBe(true)
        }
        // One image of two of a class can be spared.
        if (keys.length > new Set(labels).size) expect(calibration.length).toBeGreaterThan(0)
      }),
    )
  })

  it('does not depend on the order of the images', () => {
    fc.assert(
      fc.property(sets, ({ keys, labels }) => {
        const back = splitImages(keys.toReversed(), labels.toReversed())
        expect(new Set(namesOf(keys.toReversed(), back.test))).toEqual(
          new Set(namesOf(keys, splitImages(keys, labels).test)),
        )
      }),
    )
  })

  it('leaves images where they are when others join them', () => {
    const before = large(4, 50)
    const more = large(4, 400)
    const calibration = new Set(namesOf(more.keys, splitImages(more.keys, more.labels).calibration))
    for (const key of namesOf(before.keys, splitImages(before.keys, before.labels).calibration)) {
      expect(calibration).toContain(key)
    }
  })

  it('is about a fifth, and at most 1,024 images, of all classes alike', () => {
    const some = large(10, 200)
    expect(splitImages(some.keys, some.labels).calibration.length / 2000).toBeCloseTo(0.2, 1)
    const many = large(10, 2000)
    const { calibration } = splitImages(many.keys, many.labels)
    expect(calibration).toHaveLength(1024)
    for (let label = 0; label < 10; label++) {
      const count = calibration.filter((index) => many.labels[index] === label).length
      expect(count === 102 || count === 103).toBe(true)
    }
  })

  it('goes by the SHA-256 of the key', () => {
    // printf 'loadbearing/split/1\na/%s.png' N | sha256sum: ce…, a4…, 54…, 38… for 1 to 4, all above 33… (a fifth); the lowest is spared.
    const keys = ['a/1.png', 'a/2.png', 'a/3.png', 'a/4.png']
    expect(splitImages(keys, [0, 0, 0, 0])).toEqual({ calibration: [3], test: [0, 1, 2] })
    expect(splitImages(keys, [0, 0, 1, 2])).toEqual({ calibration: [1], test: [0, 2, 3] })
    // 5: 36…, 9: 0e….
    const more = ['a/1.png', 'a/9.png', 'a/5.png', 'a/4.png']
    expect(splitImages(more, [0, 0, 0, 0])).toEqual({ calibration: [1], test: [0, 2, 3] })
  })
})
