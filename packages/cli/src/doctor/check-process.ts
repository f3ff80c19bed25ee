/** Checks one part, named on its command line, in a process of its own, and says to its parent how that went. */
import type { Answer } from './part.ts'
import { parts } from './parts.ts'

/** What the process says before it ends. */
export type Said = Answer | { readonly why: string }

const part = parts.find(({ name }) => name === process.argv[2])!
const said = await part.check().then(
  ({ version, threads }): Said => ({ version, threads }),
  (error: unknown): Said => ({ why: wordsOf(error) }),
)
process.send!(said, () => process.exit())

/** The first line of what was first wrong. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message.split('\n', 1)[0]! : wordsOf(error.cause)
}
