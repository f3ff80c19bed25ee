/** The entries of a text column that holds several, joined by commas. */
export function words(joined: string): string[] {
  return joined === '' ? [] : joined.split(',')
}

/** The numbers of a text column that holds several, joined by commas. */
export function numbers(joined: string): number[] {
  return words(joined).map(Number)
}

/** Rows by what `key` says of them, each in the order given. */
export function grouped<T, K>(rows: readonly T[], key: (row: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const row of rows) {
    const group = groups.get(key(row))
    if (group) group.push(row)
    else groups.set(key(row), [row])
  }
  return groups
}
