import { scaleLinear, scaleLog } from 'd3-scale'
import type { LeaderboardRow } from '@loadbearing/ranking'
import { duration } from '../text/numbers.ts'

/** A criterion in the plane of cost and quality. */
export interface CostedRow {
  readonly row: LeaderboardRow
  /** Seconds a model. */
  readonly seconds: number
}

const width = 760
const height = 400
const frame = { left: 52, right: width - 20, top: 18, bottom: height - 44 }
const lineHeight = 15

/** Places criteria by what they cost (logarithmic) and how well they rank, with labels that do not cover each other. */
export function costQuality(costed: readonly CostedRow[]) {
  const shown = costed.flatMap(({ row, seconds }) =>
    row.share === null || !(seconds > 0) ? [] : [{ row, seconds, share: row.share }],
  )
  const costs = shown.map(({ seconds }) => seconds)
  const x = scaleLog([Math.min(...costs) / 1.6, Math.max(...costs) * 3.2], [frame.left, frame.right])
  const y = scaleLinear([-1, 1.1], [frame.bottom, frame.top]).clamp(true)
  const first = Math.ceil(Math.log10(x.domain()[0]!))
  const decades = Array.from(
    { length: Math.floor(Math.log10(x.domain()[1]!)) - first + 1 },
    (_, i) => 10 ** (first + i),
  )
  const dots = shown.map(({ row, seconds, share }) => ({
    name: row.criterion,
    track: row.track,
    x: x(seconds),
    y: y(share),
    low: y(row.shareLow ?? share),
    high: y(row.shareHigh ?? share),
  }))
  return {
    width,
    height,
    frame,
    ceiling: y(1),
    zero: y(0),
    xTicks: decades.map((seconds) => ({ at: x(seconds), text: duration(seconds) })),
    yTicks: [-1, -0.5, 0, 0.5, 1].map((share) => ({
      at: y(share),
      text: String(share).replace('-', '−').replace('0.', '.'),
    })),
    dots: labelled(dots),
  }
}

/** Moves a label down until it is clear of those above it in its neighbourhood. */
function labelled<D extends { readonly name: string; readonly x: number; readonly y: number }>(
  dots: readonly D[],
): (D & { readonly labelY: number })[] {
  const placed: (D & { readonly labelY: number })[] = []
  for (const dot of dots.toSorted((a, b) => a.y - b.y)) {
    let labelY = dot.y + 4
    const covers = ({ x, labelY: other, name }: (typeof placed)[number]): boolean =>
      Math.abs(labelY - other) < lineHeight &&
      x < dot.x + 7.5 * dot.name.length + 20 &&
      dot.x < x + 7.5 * name.length + 20
    while (placed.some(covers)) labelY += 1
    placed.push({ ...dot, labelY })
  }
  return placed
}
