import { InvalidArgumentError } from 'commander'

interface Size {
  readonly height: number
  readonly width: number
}

const written = /^(\d+)(?:x(\d+))?$/

/** The size that a crop leaves: N for a square, or WxH. */
export function cropSize(text: string): Size {
  const [, width = 0, height = width] =
    written
      .exec(text)
      ?.map(Number)
      .filter((each) => !Number.isNaN(each)) ?? []
  if (width >= 1 && height >= 1) return { height, width }
  throw new InvalidArgumentError('It must be a number of pixels, or two as WIDTHxHEIGHT.')
}

/** What a resize goes by: N for the shorter side, or WxH for both. */
export function resizeSize(text: string): Size | { readonly shorter: number } {
  const { height, width } = cropSize(text)
  return text.includes('x') ? { height, width } : { shorter: width }
}
