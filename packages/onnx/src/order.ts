/**
 * The items with every one behind those it needs, and otherwise in the order given; undefined where some need each other
 * in a circle. The ONNX format demands this order of a file, but onnxruntime also runs files that lack it.
 */
export function inOrder<Item>(items: readonly Item[], needs: (item: Item) => readonly Item[]): Item[] | undefined {
  const placed = new Set<Item>()
  const open = new Set<Item>()
  for (const first of items) {
    // A stack of its own: a chain of nodes may be longer than the call stack is deep.
    const pending = [first]
    for (let item = pending.at(-1); item !== undefined; item = pending.at(-1)) {
      const waiting = placed.has(item) ? [] : needs(item).filter((each) => !placed.has(each))
      if (waiting.length === 0) {
        placed.add(item)
        open.delete(item)
        pending.pop()
      } else {
        open.add(item)
        if (waiting.some((each) => open.has(each))) return undefined
        pending.push(...waiting.toReversed())
      }
    }
  }
  return [...placed]
}
