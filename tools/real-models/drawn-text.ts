import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { rngFrom, type Rng } from '@loadbearing/core'
import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'
import sharp from 'sharp'
import { sentences, words } from './made-words.ts'

export interface DrawnText {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** A page of paragraphs, or a single line. */
  readonly kind: 'page' | 'line'
  /** Degrees clockwise; a class each, and every text in all of them. */
  readonly turns: readonly number[]
  readonly texts: number
}

/** Draws made-up texts and turns them: a PNG a text and turn, `folder/TURN/TEXT.png`. The same bytes on the same version of Chromium. */
export async function drawTexts(folder: string, { width, height, kind, turns, texts }: DrawnText): Promise<void> {
  const browser = await launch()
  try {
    const page = await browser.newPage({ viewport: { width, height } })
    for (let text = 0; text < texts; text++) {
      const rng = rngFrom('real models', kind, text)
      await page.setContent(kind === 'page' ? pageOf(rng) : lineOf(rng, height))
      const png = await page.screenshot({ clip: { x: 0, y: 0, width, height } })
      for (const turn of turns) {
        const own = join(folder, String(turn))
        mkdirSync(own, { recursive: true })
        await sharp(png)
          .rotate(turn)
          .toFile(join(own, `${String(text).padStart(3, '0')}.png`))
      }
    }
  } finally {
    await browser.close()
  }
}

async function launch(): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    // In a single process, the browser goes with its first page.
    args: chromium.args.filter((argument) => argument !== '--single-process'),
  })
}

function pageOf(rng: Rng): string {
  const size = 11 + rng.integer(9)
  const paragraphs = Array.from({ length: 12 }, () => `<p>${sentences(rng, 1 + rng.integer(5))}</p>`).join('')
  const align = rng.uniform() < 0.5 ? 'left' : 'justify'
  return styled(
    rng,
    `padding: ${20 + rng.integer(50)}px; font-size: ${size}px; line-height: 1.4; text-align: ${align}`,
    `<h2>${words(rng, 2 + rng.integer(4))}</h2>${paragraphs}`,
  )
}

function lineOf(rng: Rng, height: number): string {
  const size = Math.round(height * (0.45 + 0.25 * rng.uniform()))
  return styled(
    rng,
    `padding: 0 6px; font-size: ${size}px; line-height: ${height}px; white-space: nowrap`,
    words(rng, 3),
  )
}

/** Dark on light, in one of the fonts at hand. */
function styled(rng: Rng, style: string, content: string): string {
  const [ink, paper] = [rng.integer(90), 200 + rng.integer(56)]
  const family = ['sans-serif', 'serif', 'monospace'][rng.integer(3)]
  const colours = `color: rgb(${ink}, ${ink}, ${ink}); background: rgb(${paper}, ${paper}, ${paper})`
  return `<body style="margin: 0; height: 100vh; overflow: hidden; font-family: ${family}; ${colours}"><div style="${style}">${content}</div>`
}
