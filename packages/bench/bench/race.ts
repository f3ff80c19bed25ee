/** What some work took. */
export interface Spent {
  /** Processor seconds, all threads. */
  readonly cpu: number
  /** Wall-clock seconds. */
  readonly wall: number
}

export const nothing: Spent = { cpu: 0, wall: 0 }

/** One way of doing a piece of work: its name, and what it made and took. */
export interface Contender<T, R> {
  readonly name: string
  readonly run: (item: T) => Promise<{ readonly made: R; readonly spent: Spent }>
}

/**
 * What every contender takes over all items, by name: every contender does one item before any does the next, and who begins changes from
 * item to item, so that what else the machine does falls on all alike.
 *
 * @param onItem is given what the contenders made of an item, by name
 */
export async function race<T, R>(
  items: readonly T[],
  contenders: readonly Contender<T, R>[],
  onItem: (item: T, made: Readonly<Record<string, R>>) => void = () => undefined,
): Promise<Map<string, Spent>> {
  const total = new Map(contenders.map(({ name }) => [name, nothing]))
  for (const [index, item] of items.entries()) {
    const all: Record<string, R> = {}
    for (let turn = 0; turn < contenders.length; turn++) {
      const { name, run } = contenders[(index + turn) % contenders.length]!
      const { made, spent } = await run(item)
      all[name] = made
      total.set(name, sum(total.get(name)!, spent))
    }
    onItem(item, all)
  }
  return total
}

/** Does some work in this process. */
export async function timed<R>(work: () => Promise<R>): Promise<{ made: R; spent: Spent }> {
  const [cpu, started] = [process.cpuUsage(), performance.now()]
  const made = await work()
  const wall = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { made, spent: { cpu: (user + system) / 1e6, wall } }
}

export function sum(...all: readonly Spent[]): Spent {
  return all.reduce((a, b) => ({ cpu: a.cpu + b.cpu, wall: a.wall + b.wall }), nothing)
}

/** The middle value and the extremes. @param values at least one; of an even number, the upper of the middle ones */
export function spread(values: readonly number[]): { median: number; low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[Math.floor(sorted.length / 2)]!, low: sorted[0]!, high: sorted.at(-1)! }
}
