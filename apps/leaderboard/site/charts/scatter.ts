import { scaleLinear, scaleLog } from 'd3-scale'
import { plain } from '../text/numbers.ts'

/** A layer: what a criterion said and what was lost. */
export interface ScatterPoint {
  readonly label: string
  readonly score: number
  /** In the unit of the axis. */
  readonly truth: number
}

/** A tick or a point, placed. */
export interface Placed {
  readonly at: number
  readonly text: string
}

export interface Scatter {
  readonly width: number
  readonly height: number
  /** Where the axes lie: the plot spans left to right and top to bottom. */
  readonly frame: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }
  readonly dots: readonly { readonly x: number; readonly y: number; readonly title: string }[]
  readonly xTicks: readonly Placed[]
  readonly yTicks: readonly Placed[]
  /** Where nothing is lost. */
  readonly zero: number
  /** Whether scores are on a logarithmic scale: all are positive and the greatest is more than 20 times the least. */
  readonly logarithmic: boolean
}

/** Places the layers of a task: scores to the right, what is lost upwards. */
export function scatter(points: readonly ScatterPoint[], unit: string): Scatter {
  const [width, height] = [232, 190]
  const frame = { left: 34, right: width - 8, top: 8, bottom: height - 22 }
  const scores = points.map(({ score }) => score)
  const [least, greatest] = [Math.min(...scores), Math.max(...scores)]
  const logarithmic = least > 0 && greatest > 20 * least
  // A constant score still needs a scale of some width.
  const margin = greatest > least ? 0 : Math.abs(greatest) || 1
  const x = logarithmic
    ? scaleLog([least, greatest], [frame.left + 8, frame.right - 8])
    : scaleLinear([least - margin, greatest + margin], [frame.left + 8, frame.right - 8])
  const truths = points.map(({ truth }) => truth)
  const [, highest] = scaleLinear([0, Math.max(...truths, 0)], [0, 1])
    .nice(4)
    .domain()
  const y = scaleLinear([Math.min(0, ...truths), highest!], [frame.bottom, frame.top])
  const xTicks = logarithmic ? decades(least, greatest) : x.ticks(4)
  return {
    width,
    height,
    frame,
    logarithmic,
    zero: round(y(0)),
    dots: points.map(({ label, score, truth }) => ({
      x: round(x(score)),
      y: round(y(truth)),
      title: `${label}: score ${plain(score)}, lost ${plain(truth)} ${unit}`.trim(),
    })),
    xTicks: xTicks.map((tick) => ({ at: round(x(tick)), text: short(tick) })),
    yTicks: y.ticks(4).map((tick) => ({ at: round(y(tick)), text: plain(tick) })),
  }
}

/** Powers of ten within a range, at most four, or its ends where it holds less than two. */
function decades(least: number, greatest: number): number[] {
  const first = Math.ceil(Math.log10(least))
  const powers = Array.from({ length: Math.floor(Math.log10(greatest)) - first + 1 }, (_, i) => 10 ** (first + i))
  if (powers.length < 2) return [least, greatest]
  const step = Math.ceil(powers.length / 4)
  return powers.filter((_, i) => i % step === 0)
}

function short(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e9 || (size > 0 && size < 1e-3)) return value.toExponential(0)
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(2))}M`
  return size >= 1e4 ? `${Number((value / 1e3).toPrecision(2))}k` : plain(Number(value.toPrecision(2)))
}

function round(value: number): number {
  return Math.round(10 * value) / 10
}
