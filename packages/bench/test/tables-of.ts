import { readChecksums } from '@loadbearing/dataset/folder'

/** The checksums of all that must be equal between two runs: every table but the costs. */
export async function reproducible(folder: string): Promise<Record<string, string>> {
  const { 'runs.arrow': _, ...others } = Object.fromEntries(await readChecksums(folder))
  return others
}
