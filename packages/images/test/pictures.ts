import sharp, { type Sharp } from 'sharp'

/** A picture of one colour in which the pixel at the top left is black. */
export function picture(
  colour: readonly [number, number, number],
  { height = 4, width = 6 }: { readonly height?: number; readonly width?: number } = {},
): Sharp {
  const pixels = Buffer.from(Array.from({ length: height * width }, (_, i) => (i === 0 ? [0, 0, 0] : colour)).flat())
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

/** The file of a grey picture. */
export const png = (grey: number): Promise<Buffer> => picture([grey, grey, grey]).png().toBuffer()
