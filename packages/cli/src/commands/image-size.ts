import { InvalidArgumentError } from 'commander'

interface Size {
  readonly height: number
  readonly width: number
}

const written = /^(?<width>\d+)(?:x(?<height>\d+))?$/

/** The size that a crop leaves: N for a square, or WxH. */
export function cropSize(text: string): Size {
  const { width: first, height: second = first } = written.exec(text)?.groups ?? {}
  const [width, height] = [Number(first), Number(second)]
  if (width >= 1 && height >= 1) return { height, width }
  throw new InvalidArgumentError('It must be a number of pixels, or two as WIDTHxHEIGHT.')
}

/** What a resize goes by: N for the shorter side, or WxH for both. */
export function resizeSize(text: string): Size | { readonly shorter: number } {
  const { height, width } = cropSize(text)
  return text.includes('x') ? { height, width } : { shorter: width }
}
