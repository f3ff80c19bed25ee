import { InvalidArgumentError } from 'commander'

/** A whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return value
}

/** A whole number of at least 0. */
export function naturalNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('It must be a whole number of at least 0.')
  }
  return value
}

/** A number. */
export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

/** Numbers joined by commas, one a channel. */
export function numbers(text: string): number[] {
  return text.split(',').map(number)
}

/** Collects numbers of an option that takes several. */
export function moreNumbers(text: string, before: readonly number[] | undefined): number[] {
  return [...(before ?? []), number(text)]
}
