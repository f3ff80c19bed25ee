import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'

const root = join(import.meta.dirname, '..')

/**
 * Writes a generated file; with `--check` among the arguments of the process it writes nothing, says whether the file has drifted, and
 * lets the process fail if so.
 *
 * @param path from the repository's root
 * @param command that writes it
 */
export function writeOrCheck(path: string, content: string, command: string): void {
  const target = join(root, path)
  if (!process.argv.includes('--check')) writeFileSync(target, content)
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== content) {
    console.error(`${path} is out of date. Run: ${command}`)
    process.exitCode = 1
  }
}

/** A page as `npm run format` leaves it. @param path from the repository's root */
export async function formatted(path: string, markdown: string): Promise<string> {
  return format(markdown, { ...(await resolveConfig(join(root, path))), filepath: path })
}
