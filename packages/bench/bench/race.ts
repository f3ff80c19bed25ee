/** One way of doing a cell: its name and the work. */
export interface Contender<T> {
  readonly name: string
  readonly run: (item: T) => Promise<unknown>
}

/**
 * Processor seconds (all threads) of every contender, by name, over all items: every contender does one item before any does the next,
 * and who begins changes from item to item, so that what else the machine does falls on all alike.
 */
export async function race<T>(items: readonly T[], contenders: readonly Contender<T>[]): Promise<Map<string, number>> {
  const seconds = new Map(contenders.map(({ name }) => [name, 0]))
  for (const [index, item] of items.entries()) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const { name, run } = contenders[(index + turn) % contenders.length]!
      seconds.set(name, seconds.get(name)! + (await processorSeconds(() => run(item))))
    }
  }
  return seconds
}

/** Processor seconds that some work takes this process, all threads. */
export async function processorSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** The middle value and the extremes. @param values at least one, of odd number */
export function spread(values: readonly number[]): { median: number; low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[(sorted.length - 1) / 2]!, low: sorted[0]!, high: sorted.at(-1)! }
}
