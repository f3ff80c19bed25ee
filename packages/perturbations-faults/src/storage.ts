import { tensor, type Tensor } from '@loadbearing/core'

/** Changes the words of a memory in place. */
export type Damage<Words> = (words: Words) => void

/**
 * What an int8 memory returns once `damage` has changed it: stored symmetrically (Δ = max|W| / 127, q = round(W / Δ), a
 * half away from zero, two's complement), read as Δ · q′. A word can read −128. A tensor of zeros stays as it is.
 *
 * @param largest max|W|; what is larger is clipped to it
 */
export function storedInInt8(
  { shape, data }: Tensor,
  damage: Damage<Int8Array>,
  largest = data.reduce((max, w) => Math.max(max, Math.abs(w)), 0),
): Tensor {
  const step = largest / 127
  const words = new Int8Array(data.length)
  if (step > 0) {
    data.forEach((w, place) => {
      words[place] = Math.sign(w) * Math.min(Math.floor(Math.abs(w) / step + 0.5), 127)
    })
  }
  damage(words)
  return tensor(
    shape,
    data.map((w, place) => (step > 0 ? words[place]! : w) * step),
  )
}

/**
 * What a float32 memory returns once `damage` has changed it: bit 31 is the sign, 30 to 23 the exponent, 22 to 0 the
 * significand.
 */
export function storedInFloat32({ shape, data }: Tensor, damage: Damage<Uint32Array>): Tensor {
  const words = bitsOf(data)
  damage(words)
  return tensor(shape, new Float32Array(words.buffer))
}

/**
 * What a bfloat16 memory returns once `damage` has changed it: bit 15 is the sign, 14 to 7 the exponent, 6 to 0 the
 * significand. A bfloat16 is the upper half of a float32, to which it is rounded, ties to even.
 */
export function storedInBfloat16({ shape, data }: Tensor, damage: Damage<Uint16Array>): Tensor {
  const bits = bitsOf(data)
  const words = new Uint16Array(bits.length)
  bits.forEach((word, place) => (words[place] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16))
  damage(words)
  words.forEach((word, place) => (bits[place] = word << 16))
  return tensor(shape, new Float32Array(bits.buffer))
}

/**
 * What a float16 (IEEE 754 half precision) memory returns once `damage` has changed it: bit 15 is the sign, 14 to 10
 * the exponent, 9 to 0 the significand. Weights are rounded to the nearest, ties to even; from 65520 on they become
 * infinite.
 */
export function storedInFloat16({ shape, data }: Tensor, damage: Damage<Uint16Array>): Tensor {
  const bits = bitsOf(data)
  const words = new Uint16Array(bits.length)
  bits.forEach((word, place) => (words[place] = ((word >>> 16) & 0x8000) | halfOf(word & 0x7fffffff, data[place]!)))
  damage(words)
  words.forEach((word, place) => (bits[place] = singleOf(word)))
  return tensor(shape, new Float32Array(bits.buffer))
}

/** A copy of the values as words, so that not even a NaN's bits change when they are moved. */
function bitsOf(values: Float32Array): Uint32Array<ArrayBuffer> {
  return new Uint32Array(values.slice().buffer)
}

/** The bits of the float16 nearest to |value|, which as a float32 has the bits `magnitude`. */
function halfOf(magnitude: number, value: number): number {
  if (magnitude >= 0x477ff000) return 0x7c00
  // Below the smallest normal number 2⁻¹⁴, numbers are multiples of 2⁻²⁴; adding 1.5 · 2⁵² leaves no bits for less.
  if (magnitude < 0x38800000) return Math.abs(value) * 0x1000000 + 0x18000000000000 - 0x18000000000000
  // The exponent's bias falls from 127 to 15, and the significand from 23 bits to 10.
  return (magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13
}

/** The float32 bits of a float16. */
function singleOf(word: number): number {
  const sign = (word & 0x8000) << 16
  const exponent = (word >>> 10) & 0x1f
  const significand = word & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (significand << 13)
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (significand << 13)
  if (significand === 0) return sign
  // A subnormal number: its first set bit becomes the hidden one.
  const shift = Math.clz32(significand) - 21
  return sign | ((113 - shift) << 23) | (((significand << shift) & 0x3ff) << 13)
}
