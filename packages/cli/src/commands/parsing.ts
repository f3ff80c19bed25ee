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

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** A time as 90s, 30m or 1.5h, in seconds. */
export function duration(text: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text.trim()) ?? []
  const seconds = Number(value) * (secondsIn[unit] ?? NaN)
  if (!(seconds > 0)) throw new InvalidArgumentError('It must be a time as 90s, 30m or 2h.')
  return seconds
}

/** A noise ceiling: a correlation below 1. */
export function ceiling(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It must be a number between 0 and 1, as 0.95.')
  return value
}

/** One of several parts, as 2/3. */
export function shard(text: string): { readonly index: number; readonly count: number } {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text.trim()) ?? []).map(Number)
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw new InvalidArgumentError('It must be a part and their number, as 2/3.')
  }
  return { index, count }
}

/** A number. */
export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

/** Numbers joined by commas. */
export function numbers(text: string): number[] {
  return text.split(',').map(number)
}

// An option that swallowed all words after it would take the MODEL for one of its own: several values are joined by commas, or the
// option is repeated.

/** Numbers joined by commas, added to those of the same option before. */
export function moreNumbers(text: string, before: readonly number[] = []): number[] {
  return [...before, ...numbers(text)]
}

/** Names joined by commas, added to those of the same option before. */
export function moreNames(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((name) => name.trim())]
}

/** A text as it is, added to those of the same option before. */
export function moreTexts(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}
