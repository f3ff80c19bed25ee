import { setTimeout } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Ask, sideBySide } from './side-by-side.ts'

/** Runs works, with what was computed, in order, and what became of each. */
async function together<R>(works: readonly ((ask: Ask, compute: Compute) => Promise<R>)[], signal?: AbortSignal) {
  const computed: string[] = []
  const results: R[] = []
  const compute: Compute = (key) => () => {
    computed.push(key)
    return Promise.resolve(`${key} done`)
  }
  const onDone = (work: number, result: R): void => {
    results[work] = result
  }
  const works_ = works.map((work) => (ask: Ask) => work(ask, compute))
  await sideBySide(works_, { signal, onDone })
  return { computed, results }
}
type Compute = (key: string) => () => Promise<string>

/** Asks for one key after the other. */
const through =
  (...keys: readonly string[]) =>
  async (ask: Ask, compute: Compute): Promise<string[]> => {
    const given: string[] = []
    for (const key of keys) given.push(await ask(key, compute(key)))
    return given
  }

describe('works side by side', () => {
  it('go through the same passes together, also those that had something of their own to do before or in between', async () => {
    const works = [
      through('a1', 'a2', 'a3'),
      through('own', 'another', 'a1', 'a2', 'a3'),
      through('a1', 'a2'),
      through('a1', 'b1', 'a2', 'b2', 'a3'),
    ]
    const { computed, results } = await together(works)
    expect(computed.toSorted()).toEqual(['a1', 'a2', 'a3', 'another', 'b1', 'b2', 'own'])
    expect(results[1]).toEqual(['own done', 'another done', 'a1 done', 'a2 done', 'a3 done'])
  })

  it('go a way alone to its end, where an engine would have to change between two', async () => {
    const { computed } = await together([through('a1', 'a2', 'a3'), through('b1', 'b2'), through('c1', 'c2')])
    expect(computed).toEqual(['c1', 'c2', 'b1', 'b2', 'a1', 'a2', 'a3'])
  })

  it('all end, whatever they ask for, with what they asked for, at most once at a time', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const steps = fc.array(fc.array(key, { minLength: 1, maxLength: 3 }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 6 }), async (scripts) => {
        let running = 0
        const results: string[][] = []
        const works = scripts.map((script) => async (ask: Ask) => {
          const given: string[] = []
          for (const keys of script) {
            const compute = async (of: string): Promise<string> => {
              expect(++running).toBe(1)
              await Promise.resolve()
              running--
              return of
            }
            given.push(...(await Promise.all(keys.map((of) => ask(of, () => compute(of))))))
          }
          return given
        })
        await sideBySide(works, {
          onDone: (work, result) => {
            results[work] = result
          },
        })
        expect(results).toEqual(scripts.map((script) => script.flat()))
      }),
      { numRuns: 200 },
    )
  })

  it('may wait for something else, and leave what they asked for unused', async () => {
    const waits = async (ask: Ask, compute: Compute): Promise<string> => {
      void ask('unused', compute('unused'))
      await setTimeout(5)
      return ask('a', compute('a'))
    }
    const { results } = await together<unknown>([waits, through('a')])
    expect(results).toEqual(['a done', ['a done']])
  })

  it('meet the error of a pass that they asked for, and no other', async () => {
    const compute = (): Promise<string> => Promise.reject(new Error('no memory'))
    const failing = (ask: Ask): Promise<string> => ask('bad', compute).catch((error: unknown) => String(error))
    const { results } = await together<unknown>([failing, through('good'), failing])
    expect(results).toEqual(['Error: no memory', ['good done'], 'Error: no memory'])
  })

  it('end with the first that throws', async () => {
    const throwing = (): Promise<never> => Promise.reject(new Error('broken'))
    await expect(together<unknown>([through('a'), throwing])).rejects.toThrow('broken')
  })

  it('stop when aborted, after the turn in hand', async () => {
    const controller = new AbortController()
    const done: number[] = []
    const works = [() => Promise.resolve(), () => Promise.resolve()]
    const onDone = (work: number): void => {
      done.push(work)
      controller.abort(new Error('enough'))
    }
    await expect(sideBySide(works, { signal: controller.signal, onDone })).rejects.toThrow('enough')
    expect(done).toEqual([0])
  })

  it('stop at a signal that arrives meanwhile, where no pass leaves a gap of its own', async () => {
    const controller = new AbortController()
    const endless = async (ask: Ask): Promise<void> => {
      for (let pass = 0; ; pass++) await ask(`pass ${pass}`, () => Promise.resolve())
    }
    setImmediate(() => {
      controller.abort(new Error('enough'))
    })
    const running = sideBySide([endless], { signal: controller.signal, onDone: () => undefined })
    await expect(running).rejects.toThrow('enough')
  })

  it('cost what their passes cost, each in full', async () => {
    const costs: number[] = []
    const slow = async (): Promise<void> => {
      await setTimeout(50)
    }
    const works = [1, 2].map((passes) => async (ask: Ask) => {
      for (let pass = 0; pass < passes; pass++) await ask(`pass ${pass}`, slow)
    })
    await sideBySide(works, { onDone: (work, _, { seconds }) => (costs[work] = seconds) })
    expect(costs[0]).toBeGreaterThan(0.045)
    expect(costs[1]).toBeGreaterThan(0.09)
  })
})
