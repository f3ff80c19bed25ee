import type { HostContext } from '@loadbearing/core'
import type { Host, Level, Offer } from '../src/host.ts'
import type { Ask } from '../src/side-by-side.ts'

/** Nobody else asks. */
export const alone: Ask = (_, compute) => compute()

export const offerOf = (host: Host, criterion = { name: 'test', version: 1 }): Offer => host.offer(criterion)

/** What a criterion that runs alone is given. */
export const contextOf = (host: Host, level?: Level, criterion?: { name: string; version: number }): HostContext =>
  offerOf(host, criterion).context(alone, level)
