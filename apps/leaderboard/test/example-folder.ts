import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { writeExampleDataset } from './example-dataset.ts'

/** An empty folder that goes when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loadbearing-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes the example dataset once for a file of tests. @returns a function that gives a test a copy of its own */
export function exampleFolders(): () => string {
  let written = ''
  beforeAll(async () => {
    written = mkdtempSync(join(tmpdir(), 'loadbearing-example-'))
    await writeExampleDataset(written)
  })
  afterAll(() => rmSync(written, { recursive: true, force: true }))
  return () => {
    const copy = temporaryFolder()
    cpSync(written, copy, { recursive: true })
    return copy
  }
}
