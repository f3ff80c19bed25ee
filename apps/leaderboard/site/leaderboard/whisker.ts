const width = 180
const height = 30

// A ceiling is at least .9 on a task that counts, so a share lies within ±1.11.
const end = 1.15
const at = (share: number): string => ((width * (Math.min(end, Math.max(-end, share)) + end)) / (2 * end)).toFixed(1)

interface Share {
  readonly share: number | null
  readonly shareLow: number | null
  readonly shareHigh: number | null
}

/** A share with its interval, on the axis that all rows have in common; the numbers stand beside it. Lines of the axis run on through tall rows. */
export function whisker({ share, shareLow, shareHigh }: Share): string {
  const middle = height / 2
  const line =
    shareLow === null || shareHigh === null
      ? ''
      : `<path class="range" d="M${at(shareLow)} ${middle}H${at(shareHigh)}M${at(shareLow)} ${middle - 4}v8M${at(shareHigh)} ${middle - 4}v8"/>`
  const dot = share === null ? '' : `<circle class="dot" cx="${at(share)}" cy="${middle}" r="4.5"/>`
  return `<svg class="whisker" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true"><path class="zero" d="M${at(0)} ${-height}V${2 * height}"/><path class="ceiling" d="M${at(1)} ${-height}V${2 * height}"/>${line}${dot}</svg>`
}

/** The axis above the whiskers. */
export function whiskerAxis(): string {
  const tick = (value: number, label: string): string =>
    `<path class="tick" d="M${at(value)} 18v6"/><text x="${at(value)}" y="13">${label}</text>`
  return `<svg class="whisker axis" width="${width}" height="24" viewBox="0 0 ${width} 24" aria-hidden="true">${tick(-1, '−1')}${tick(-0.5, '')}${tick(0, '0')}${tick(0.5, '.5')}${tick(1, 'ceiling')}</svg>`
}
