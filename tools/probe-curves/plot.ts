/** The quality of one probe at every budget; null where nothing could be ranked. */
export interface Curve {
  readonly name: string
  readonly shares: readonly (number | null)[]
}

const themes = {
  light: { background: '#ffffff', text: '#1f2328', muted: '#59636e', grid: '#d1d9e0' },
  dark: { background: '#0d1117', text: '#f0f6fc', muted: '#9198a1', grid: '#3d444d' },
} as const

export type Theme = keyof typeof themes

const hues = [212, 340, 145, 28, 275, 180, 55, 0, 95, 240, 310]
const size = { width: 860, height: 460 }
const frame = { left: 64, right: 690, top: 24, bottom: 404 }
const labelHeight = 17

/**
 * Shares of the ceiling against budgets, the budgets on a logarithmic scale, as SVG.
 *
 * @param line the name of the curve that the others are to beat, which is dashed
 */
export function plot(budgets: readonly number[], curves: readonly Curve[], line: string, theme: Theme): string {
  const { background, text, muted, grid } = themes[theme]
  const known = curves.flatMap(({ shares }) => shares.filter((share) => share !== null))
  const lowest = Math.min(0.9, Math.floor(Math.min(...known) * 10) / 10)
  const [first, last] = [Math.log2(budgets[0]!), Math.log2(budgets.at(-1)!)]
  const x = (budget: number): number =>
    frame.left + ((Math.log2(budget) - first) / (last - first)) * (frame.right - frame.left)
  const y = (share: number): number => frame.bottom - ((share - lowest) / (1 - lowest)) * (frame.bottom - frame.top)
  const colour = (curve: number): string =>
    curves[curve]!.name === line ? text : `hsl(${hues[curve % hues.length]} 65% ${theme === 'light' ? 40 : 65}%)`

  const ticks = Array.from({ length: Math.round((1 - lowest) * 10) + 1 }, (_, tick) => lowest + tick / 10)
  const rules = ticks.map(
    (share) =>
      `<line x1="${frame.left}" x2="${frame.right}" y1="${at(y(share))}" y2="${at(y(share))}" stroke="${grid}"/>` +
      `<text x="${frame.left - 10}" y="${at(y(share) + 4)}" text-anchor="end" fill="${muted}">${share.toFixed(1)}</text>`,
  )
  const columns = budgets.map(
    (budget) =>
      `<text x="${at(x(budget))}" y="${frame.bottom + 20}" text-anchor="middle" fill="${muted}">${budget}</text>`,
  )
  const lines = curves.map(({ name, shares }, curve) => {
    const points = shares.flatMap((share, i) => (share === null ? [] : [`${at(x(budgets[i]!))},${at(y(share))}`]))
    const dash = name === line ? ' stroke-dasharray="6 4"' : ''
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour(curve)}" stroke-width="2"${dash}/>`
  })
  const labels = apart(curves.map(({ shares }) => y(shares.at(-1) ?? lowest))).map(
    (height, curve) =>
      `<text x="${frame.right + 12}" y="${at(height + 4)}" fill="${colour(curve)}">${curves[curve]!.name}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif" font-size="13">
<title>Share of the noise ceiling against forwards of one image, a layer and a level</title>
<rect width="${size.width}" height="${size.height}" fill="${background}"/>
${[...rules, ...columns, ...lines, ...labels].join('\n')}
<text x="${(frame.left + frame.right) / 2}" y="${frame.bottom + 42}" text-anchor="middle" fill="${text}">forwards of one image, a layer and a level</text>
<text transform="translate(18 ${(frame.top + frame.bottom) / 2}) rotate(-90)" text-anchor="middle" fill="${text}">share of the noise ceiling</text>
</svg>
`
}

/** Heights moved down, the upper ones least, until none is on another. */
function apart(heights: readonly number[]): number[] {
  const moved = [...heights]
  let free = -Infinity
  for (const index of heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!)) {
    moved[index] = Math.max(heights[index]!, free)
    free = moved[index] + labelHeight
  }
  return moved
}

const at = (coordinate: number): string => String(Math.round(coordinate * 10) / 10)
