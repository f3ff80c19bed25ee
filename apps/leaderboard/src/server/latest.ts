/**
 * What `load` makes of a content, made once for as long as the content stays: whoever asks meanwhile waits for the same, and what failed is
 * tried again when it is asked for next.
 *
 * @param digest names the content as it is now
 */
export function latest<T>(digest: () => Promise<string>, load: () => Promise<T>): () => Promise<T> {
  let loaded: { readonly digest: string; readonly value: Promise<T> } | undefined
  return async () => {
    const now = await digest()
    if (loaded?.digest !== now) {
      const value = load()
      const loading = { digest: now, value }
      loaded = loading
      value.catch(() => {
        if (loaded === loading) loaded = undefined
      })
    }
    return loaded.value
  }
}
