import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'

/** A package as npm packs it, of files by their path in the package. */
export async function npmTarball(files: ReadonlyMap<string, Uint8Array | string>): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  try {
    for (const [path, content] of [['package.json', '{}'] as const, ...files]) {
      mkdirSync(dirname(join(folder, 'package', path)), { recursive: true })
      writeFileSync(join(folder, 'package', path), content)
    }
    await create({ gzip: true, cwd: folder, file: join(folder, 'package.tgz') }, ['package'])
    return readFileSync(join(folder, 'package.tgz'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
