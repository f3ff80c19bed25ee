import type { HostContext } from './scoring.ts'

type Numbers = Float32Array | Int32Array

/**
 * The host, with a record of every tensor that it lends and of what was in it.
 *
 * @returns `changed`: the member that lent the first tensor that is no longer what it was
 */
export function watched(host: HostContext): { host: HostContext; changed: () => string | undefined } {
  const lent: { readonly member: string; readonly data: Numbers; readonly before: Numbers }[] = []

  const record = (member: string, given: unknown): void => {
    if (given instanceof Map) for (const each of given.values()) record(member, each)
    else if (given instanceof Float32Array || given instanceof Int32Array)
      lent.push({ member, data: given, before: given.slice() })
    else if (typeof given === 'object' && given !== null) {
      for (const each of Object.values(given)) record(member, each)
    }
  }

  const watch = (member: string, its: unknown): unknown => {
    if (its instanceof Int32Array) record(member, its)
    if (typeof its !== 'function') return its
    return (...asked: unknown[]): unknown => {
      const given: unknown = (its as (...asked: unknown[]) => unknown)(...asked)
      if (member === 'once') return given
      if (given instanceof Promise) {
        return given.then((value: unknown) => {
          record(member, value)
          return value
        })
      }
      if (isIterable(given)) return recorded(member, given)
      record(member, given)
      return given
    }
  }

  async function* recorded(member: string, batches: AsyncIterable<unknown>): AsyncIterable<unknown> {
    for await (const batch of batches) {
      record(member, batch)
      yield batch
    }
  }

  const offered = Object.entries(host as unknown as Record<string, unknown>).map(([need, its]) => {
    if (!isCapability(need, its)) return [need, its] as const
    return [
      need,
      Object.fromEntries(Object.entries(its).map(([member, each]) => [member, watch(member, each)])),
    ] as const
  })
  return {
    host: Object.fromEntries(offered) as unknown as HostContext,
    changed: () => lent.find(({ data, before }) => data.some((value, i) => !Object.is(value, before[i])))?.member,
  }
}

function isCapability(need: string, offered: unknown): offered is Record<string, unknown> {
  return need !== 'rng' && typeof offered === 'object' && offered !== null && !Array.isArray(offered)
}

function isIterable(given: unknown): given is AsyncIterable<unknown> {
  return typeof given === 'object' && given !== null && Symbol.asyncIterator in given
}
