import { EngineError } from '@loadbearing/core'
import { decoded } from './decode.ts'

/** One pixel, as PNG. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQI12OQE+ECAACQAD0lwV4FAAAAAElFTkSuQmCC',
  'base64',
)
const colour = '30,20,10'

/**
 * Decodes a picture that is known.
 *
 * @returns the version of sharp, and the threads that it decodes on
 * @throws EngineError where it has no build for this machine, or sees another colour
 */
export async function checkDecoder(): Promise<{ readonly version: string; readonly threads: number }> {
  const { data } = await decoded(picture, 3)
  if (data.join() !== colour) throw new EngineError(`sharp says that the colour ${colour} is ${data.join()}.`)
  const { default: sharp } = await import('sharp')
  return { version: sharp.versions.sharp, threads: sharp.concurrency() }
}
