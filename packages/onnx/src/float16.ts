/** The bits of half-precision numbers nearest to `values`, ties to even; what is 65520 or larger becomes infinite. */
export function toFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return Uint16Array.from(words, (word, i) => {
    const sign = (word >>> 16) & 0x8000
    const magnitude = word & 0x7fffffff
    if (magnitude > 0x7f800000) return sign | 0x7e00
    if (magnitude >= 0x477ff000) return sign | 0x7c00
    // Below the smallest normal number 2⁻¹⁴, numbers are multiples of 2⁻²⁴.
    if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(values[i]!) * 2 ** 24)
    // The exponent's bias falls from 127 to 15, and the significand from 23 bits to 10.
    const rebiased = magnitude - (112 << 23)
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13)
  })
}

/** The numbers that bits of half precision stand for, exactly. */
export function fromFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (word) => {
    const sign = word & 0x8000 ? -1 : 1
    const exponent = (word >>> 10) & 0x1f
    const fraction = word & 0x3ff
    if (exponent === 0x1f) return fraction ? NaN : sign * Infinity
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })
}

function roundToEven(value: number): number {
  const below = Math.floor(value)
  const above = value - below
  return above > 0.5 || (above === 0.5 && below % 2 === 1) ? below + 1 : below
}
