import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Build } from '../src/server/built-site.ts'

export const script = `// ${'leaderboard '.repeat(200)}\n`

/** Builds a site of a few files, in place of Astro's, and counts how often. */
export function standInBuild(): Build & { times: number } {
  const build = async ({ outDir }: Parameters<Build>[0]): Promise<void> => {
    counted.times++
    await mkdir(join(outDir, '_astro'), { recursive: true })
    await mkdir(join(outDir, 'models', 'tiny net'), { recursive: true })
    await writeFile(join(outDir, 'index.html'), '<h1>Leaderboard</h1>')
    await writeFile(join(outDir, '404.html'), '<h1>No such page</h1>')
    await writeFile(join(outDir, 'models', 'tiny net', 'index.html'), '<h1>Tiny network</h1>')
    await writeFile(join(outDir, '_astro', 'page.abcdef.js'), script)
    await writeFile(join(outDir, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  }
  const counted = Object.assign(build, { times: 0 })
  return counted
}
