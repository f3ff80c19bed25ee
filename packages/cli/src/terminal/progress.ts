import { SingleBar } from 'cli-progress'

/** How far a piece of work has come, on stderr: a bar on a terminal, a line every tenth elsewhere. */
export interface Progress {
  readonly update: (finished: number, label: string) => void
  readonly stop: () => void
}

/** @param finished how much of `total` was there before */
export function startProgress(what: string, total: number, finished = 0): Progress {
  if (total === finished) return { update: () => undefined, stop: () => undefined }
  return process.stderr.isTTY ? bar(what, total, finished) : lines(what, total, finished)
}

function bar(what: string, total: number, finished: number): Progress {
  const single = new SingleBar({
    format: `  ${what} {bar} {percentage} %  {eta_formatted} left  {label}`,
    barCompleteChar: '━',
    barIncompleteChar: '─',
    barsize: 28,
    etaBuffer: 50,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    // The bar must not eat the signals that the command waits for.
    gracefulExit: false,
  })
  single.start(total, finished, { label: '' })
  return { update: (value, label) => single.update(value, { label }), stop: () => single.stop() }
}

function lines(what: string, total: number, finished: number): Progress {
  let said = Math.floor((10 * finished) / total)
  return {
    update(value, label) {
      const tenth = Math.floor((10 * value) / total)
      if (tenth === said) return
      said = tenth
      process.stderr.write(`  ${what} ${10 * tenth} %  ${label}\n`)
    },
    stop: () => undefined,
  }
}
