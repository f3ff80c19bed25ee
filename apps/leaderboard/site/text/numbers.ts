const dash = '–'

/** A correlation or share: '.66', '−.26', '1.02'. */
export function correlation(value: number | null): string {
  return value === null ? dash : minus(value.toFixed(2).replace(/^(-?)0\./, '$1.'))
}

/** A noise ceiling, rounded down so that it never looks higher than it is: '.989'. */
export function ceiling(value: number | null): string {
  return value === null ? dash : (Math.floor(1000 * value) / 1000).toFixed(3).replace(/^0\./, '.')
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
  return low === null || high === null ? '' : `[${format(low)},\u00a0${format(high)}]`
}

/** A fraction as a percentage: '91.4 %'. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`
}

/** A count, with separators: '12,544'. */
export function count(value: number): string {
  return value.toLocaleString('en')
}

/** A count with its noun: '1 model', '3 models'. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** A large count, shortened: '55.3 k', '9.35 M'. */
export function shortCount(value: number): string {
  if (value < 1000) return String(value)
  const [unit, scale] = value < 1e6 ? ['k', 1e3] : value < 1e9 ? ['M', 1e6] : ['G', 1e9]
  return `${(value / scale).toPrecision(3)} ${unit}`
}

/** '4.1 ms', '0.82 s', '41 s', '3 min'. */
export function duration(seconds: number): string {
  if (seconds < 0.1) return `${Number((1000 * seconds).toPrecision(2))} ms`
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}

/** '7.1 MB'; units of 1000. */
export function bytes(size: number): string {
  if (size < 1e3) return `${size} B`
  return size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`
}

/** A number of any size, short: '0.0213', '1,280', '4.1e+7'. */
export function plain(value: number): string {
  return minus(Number.isInteger(value) && Math.abs(value) < 1e7 ? count(value) : String(Number(value.toPrecision(3))))
}

function minus(text: string): string {
  return text.replace('-', '−')
}
