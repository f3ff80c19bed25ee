/** A table in Markdown; a column whose title begins with ≥ stands to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map((title) => (title.startsWith('≥') ? '--:' : '---'))
  return [head.map((title) => title.replace('≥', '')), rule, ...rows].map(line).join('\n')
}

/** Rounded down, so that nothing is said to be reached that is not. */
export function times(value: number): string {
  return `${(Math.floor(100 * value) / 100).toFixed(2)}×`
}
