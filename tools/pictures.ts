/**
 * Photographs the leaderboard for the README, light and dark, over a dataset folder.
 *
 *   npm run docs:pictures                   over ./loadbearing-dataset
 *   npm run docs:pictures -- some-folder
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '@loadbearing/leaderboard'
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'

const [dataset = 'loadbearing-dataset'] = process.argv.slice(2)
const folder = join(import.meta.dirname, '../docs/pictures')
mkdirSync(folder, { recursive: true })

const server = await startServer({ dataset, port: 0, onProgress: (line) => process.stderr.write(`${line}\n`) })
const browser = await playwright.launch({
  executablePath: await chromium.executablePath(),
  // In a single process, the browser goes with its first page.
  args: chromium.args.filter((argument) => argument !== '--single-process'),
})
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1040 }, deviceScaleFactor: 1.5, colorScheme })
    await page.goto(server.url)
    const path = join(folder, `leaderboard-${colorScheme}.png`)
    await page.screenshot({ path })
    console.log(`wrote ${path}`)
  }
} finally {
  await browser.close()
  await server.close()
}
