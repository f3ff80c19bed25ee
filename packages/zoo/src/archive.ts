import { list } from 'tar'

/** The chosen files of an npm package's tarball, by their path in the package, each as `made` makes it of its bytes. */
export async function filesOf<T>(
  tarball: string,
  chosen: RegExp,
  made: (bytes: Uint8Array, path: string) => T,
): Promise<Map<string, T>> {
  const files = new Map<string, T>()
  const reading: Promise<unknown>[] = []
  await list({
    file: tarball,
    strict: true,
    onReadEntry(entry) {
      // As npm does: whatever the outermost folder is called, it is the package.
      const path = entry.path.slice(entry.path.indexOf('/') + 1)
      if (chosen.test(path)) reading.push(entry.concat().then((bytes) => files.set(path, made(bytes, path))))
    },
  })
  await Promise.all(reading)
  return files
}
