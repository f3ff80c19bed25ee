import { LoadbearingError } from '@loadbearing/core'

/** Runs a tool's work; an error that is meant for a person is printed with its hint, and the process fails. */
export async function runTool(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof LoadbearingError)) throw error
    console.error([error.message, error.hint].filter(Boolean).join('\n'))
    process.exitCode = 1
  }
}
