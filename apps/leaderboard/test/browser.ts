import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContextOptions, chromium as playwright, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { buildSite } from '../src/build.ts'
import { type Dataset, readDataset } from '../src/data/dataset.ts'
import { serveDataset } from '../src/server/serve-dataset.ts'
import { writeExampleDataset } from './example-dataset.ts'

/** The example dataset, its site as it is built and served, and a browser. */
export interface ServedSite {
  readonly dataset: Dataset
  readonly url: string
  /** A page in a profile of its own that goes when the test is over. */
  readonly open: (path: string, options?: BrowserContextOptions) => Promise<Page>
}

/** Builds and serves the site once for a file of tests. */
export function servedSite(): () => ServedSite {
  let site: ServedSite | undefined
  const endings: (() => Promise<void> | void)[] = []
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loadbearing-example-'))
    endings.unshift(() => rmSync(folder, { recursive: true, force: true }))
    await writeExampleDataset(folder)
    const server = await serveDataset({ dataset: folder, port: 0, build: buildSite })
    endings.unshift(() => server.close())
    const browser = await launch()
    endings.unshift(() => browser.close())
    site = {
      dataset: await readDataset(folder),
      url: server.url,
      async open(path, options = {}) {
        const context = await browser.newContext(options)
        onTestFinished(() => context.close())
        const page = await context.newPage()
        await page.goto(server.url + path, { waitUntil: 'networkidle' })
        return page
      },
    }
  }, 240_000)
  afterAll(async () => {
    for (const end of endings) await end()
  })
  return () => site!
}

async function launch(): Promise<Browser> {
  // In a single process, the first page to close takes the browser with it.
  const args = chromium.args.filter((argument) => argument !== '--single-process')
  return playwright.launch({ executablePath: await chromium.executablePath(), args })
}
