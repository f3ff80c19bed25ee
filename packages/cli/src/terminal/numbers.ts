const dash = '–'

/** A correlation or share: '.66', '−.26', '1.02'. */
export function correlation(value: number | null): string {
  return value === null ? dash : minus(value.toFixed(2).replace(/^(-?)0\./, '$1.'))
}

/** A fraction of accuracy in points: '4.3'. */
export function points(fraction: number | null): string {
  return fraction === null ? dash : minus((100 * fraction).toFixed(1))
}

/** '[.13, .90]', or nothing where there is no interval. */
export function interval(
  low: number | null,
  high: number | null,
  format: (value: number | null) => string = correlation,
): string {
  return low === null || high === null ? '' : `[${format(low)}, ${format(high)}]`
}

/** A count, with separators: '12,544'. */
export function count(value: number): string {
  return value.toLocaleString('en')
}

/** A count with its noun: '1 network', '3 networks'. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** '3.8 GB', '512 MB', '1.5 MB' */
export function bytes(value: number): string {
  if (value < 1e7) return `${(value / 1e6).toFixed(1)} MB`
  return value < 1e9 ? `${(value / 1e6).toFixed(0)} MB` : `${(value / 1e9).toFixed(1)} GB`
}

/** '0.02 s', '41 s', '3 min'. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}

/** An interval and its middle on a scale from −1 to 1; what lies outside is drawn at the end. */
export function whisker(value: number | null, low: number | null, high: number | null): string {
  if (value === null || low === null || high === null) return ''
  const width = 21
  const at = (x: number): number => Math.round(((Math.min(1, Math.max(-1, x)) + 1) / 2) * (width - 1))
  return Array.from({ length: width }, (_, i) => {
    if (i === at(value)) return '●'
    if (i > at(low) && i < at(high)) return '━'
    if (i === at(low) || i === at(high)) return i === at(low) ? '┝' : '┥'
    return i === at(0) ? '┊' : ' '
  }).join('')
}

function minus(text: string): string {
  return text.replace('-', '−')
}
