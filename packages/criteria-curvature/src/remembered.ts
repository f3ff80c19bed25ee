/** Makes every numbered draw when it is first asked for, and gives it again from then on. */
export function remembered<T>(draw: (index: number) => T): (index: number) => T {
  const made = new Map<number, T>()
  return (index) => {
    if (!made.has(index)) made.set(index, draw(index))
    return made.get(index)!
  }
}
