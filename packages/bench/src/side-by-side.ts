import { setImmediate as gap } from 'node:timers/promises'
import { type Metered, noCost, startMeter, withCost } from './cost.ts'

/** Has something computed, once for all who ask for the same key at the same time. */
export type Ask = <T>(key: string | symbol, compute: () => Promise<T>) => Promise<T>

export interface SideBySideOptions<R> {
  /** Stops before the next turn. */
  readonly signal?: AbortSignal | undefined
  /** @param cost the work's own turns, and in full whatever it asked for: what it would cost if it ran alone */
  readonly onDone: (work: number, result: R, cost: Metered) => void
}

interface Asked {
  readonly by: number
  readonly key: string | symbol
  readonly compute: () => Promise<unknown>
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs works in turns, one at a time, each until it asks for something or ends. When all wait, what the fewest wait for is computed
 * first and given to all of them: so those that still have something of their own to do catch up with the others before what many
 * wait for is computed, and who go through the same batches go through them together.
 *
 * @throws what a work throws; the signal's reason when aborted
 */
export async function sideBySide<R>(
  works: readonly ((ask: Ask) => Promise<R>)[],
  { signal, onDone }: SideBySideOptions<R>,
): Promise<void> {
  const costs = works.map(() => noCost)
  const results = new Map<number, R>()
  let waiting: Asked[] = []
  let endTurn: (ended?: Promise<void>) => void

  /** Lets a work run until it asks, ends, or still waits for something else that it has asked for. */
  const turn = async (by: number, start: () => void): Promise<void> => {
    signal?.throwIfAborted()
    const took = startMeter()
    await new Promise<void>((resolve) => {
      endTurn = resolve
      start()
      if (waiting.some((its) => its.by === by)) setImmediate(resolve)
    })
    costs[by] = withCost(costs[by]!, took())
    if (!results.has(by)) return
    waiting = waiting.filter((its) => its.by !== by)
    onDone(by, results.get(by)!, costs[by])
  }

  for (const [by, work] of works.entries()) {
    const ask: Ask = (key, compute) =>
      new Promise((resolve, reject) => {
        waiting.push({ by, key, compute, resolve, reject })
        endTurn()
      })
    await turn(by, () => {
      const ended = work(ask).then((result) => void results.set(by, result))
      const end = (): void => {
        endTurn(ended)
      }
      ended.then(end, end)
    })
  }

  while (waiting.length > 0) {
    // What is computed may leave no gap of its own in which a signal to stop could arrive.
    await gap()
    signal?.throwIfAborted()
    const served = rarest(waiting)
    waiting = waiting.filter((its) => !served.includes(its))
    const took = startMeter()
    const settle = await served[0]!.compute().then(
      (value) => (its: Asked) => {
        its.resolve(value as never)
      },
      (error: unknown) => (its: Asked) => {
        its.reject(error)
      },
    )
    const cost = took()
    for (const by of new Set(served.map((its) => its.by))) {
      costs[by] = withCost(costs[by]!, cost)
      await turn(by, () => {
        served.filter((its) => its.by === by).forEach(settle)
      })
    }
  }
}

/** What the fewest works wait for; of those what was asked for last, so that one who goes a way alone goes it to its end. */
function rarest(waiting: readonly Asked[]): readonly Asked[] {
  const byKey = [...new Set(waiting.map(({ key }) => key))].map((key) => waiting.filter((its) => its.key === key))
  return byKey.reduce((fewest, its) => (its.length <= fewest.length ? its : fewest))
}
