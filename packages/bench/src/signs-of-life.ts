/** What a worker is at: on it depends how long it may be silent, and whether its thread can be ended. */
export const doings = ['opening', 'engine', 'perturbation', 'writing'] as const
export type Doing = (typeof doings)[number]

/** Signs of life in memory that a worker shares with who watches it: a thread that is stuck answers no message. */
export interface Signs {
  readonly memory: SharedArrayBuffer
  /** Says that the worker lives, and what it is at from now on. */
  readonly give: (doing: Doing) => void
  /** How many it gave. */
  readonly count: () => number
  /** What it is at. */
  readonly doing: () => Doing
}

export function signsOfLife(memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)): Signs {
  const [count, doing] = [0, 1]
  const cells = new Int32Array(memory)
  return {
    memory,
    give: (its) => {
      Atomics.store(cells, doing, doings.indexOf(its))
      Atomics.add(cells, count, 1)
    },
    count: () => Atomics.load(cells, count),
    doing: () => doings[Atomics.load(cells, doing)]!,
  }
}
