import type { FetchProgress } from '@loadbearing/zoo'
import { say } from './output.ts'
import { type Progress, startProgress } from './progress.ts'

/** How far fetches have come, on stderr. */
export interface Fetching {
  readonly onFetch: (progress: FetchProgress) => void
  readonly stop: () => void
}

/** Says what is fetched, where from and into, how much of it, and how far it has come. */
export function startFetching(): Fetching {
  let bar: Progress | undefined
  let stage: FetchProgress['stage'] | undefined
  const stop = (): void => {
    bar?.stop()
    bar = undefined
  }
  return {
    onFetch(progress) {
      const { bytes, total } = progress
      const begins = progress.stage !== stage
      stage = progress.stage
      if (begins) {
        stop()
        say(described(progress))
        if (stage === 'downloading' && total !== undefined) bar = startProgress('Fetching', total, bytes)
      } else bar?.update(bytes, megabytes(bytes))
    },
    stop,
  }
}

function described({ stage, what, found, from, into, bytes, total }: FetchProgress): string {
  if (stage === 'waiting') return `${what} is being fetched by another process, or was a moment ago: waiting for it.`
  if (stage === 'unpacking') return `Unpacking ${what}.`
  const why = found === 'damaged' ? 'is damaged on this machine' : 'is not on this machine'
  const size = total === undefined ? '' : ` ${megabytes(total)}`
  const goesOn = bytes === 0 ? '' : `, of which ${megabytes(bytes)} are there`
  return `${what} ${why}: fetching${size} (${from}) into ${into}${goesOn}.`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}
