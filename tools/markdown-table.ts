/** A table in Markdown; a column of numbers, its title given as `[title]`, stands to the right. */
export function markdownTable(
  head: readonly (string | readonly [string])[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rule = head.map((title) => (typeof title === 'string' ? '---' : '--:'))
  return [head.map(String), rule, ...rows].map(line).join('\n')
}
