import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { DatasetError } from '@loadbearing/core'
import { leaderboard, type LeaderboardRow, truthKinds } from '@loadbearing/ranking'
import type axeCore from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { type RankingData, tasksOf } from '../site/leaderboard/ranking-data.ts'
import { correlation } from '../site/text/numbers.ts'
import { buildSite } from '../src/build.ts'
import { leaderboardOf } from '../src/data/dataset.ts'
import { servedSite } from './browser.ts'
import { temporaryFolder } from './example-folder.ts'

declare global {
  interface Window {
    readonly axe: typeof axeCore
  }
}

const site = servedSite()
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Criterion and share of every row, as shown. */
async function shown(page: Page, track = 'predictor'): Promise<string[]> {
  return page
    .locator(`table[data-track=${track}] tbody tr`)
    .evaluateAll((rows) =>
      rows.map(
        (row) => `${row.querySelector('th a')?.textContent} ${row.querySelector('td.share')?.textContent.trim()}`,
      ),
    )
}

const expected = (rows: readonly LeaderboardRow[]): string[] =>
  rows.map(({ criterion, share }) => `${criterion} ${correlation(share)}`)

/** The pages that the site has: every one that a link leads to, from the leaderboard on. */
async function allPages(): Promise<string[]> {
  const { url } = site()
  const found = new Set(['/'])
  for (const path of found) {
    const html = await (await fetch(url + path)).text()
    for (const [, link] of html.matchAll(/<a [^>]*href="(\/[^"#?]*)/g)) {
      if (link?.endsWith('/') && !link.startsWith('/api/')) found.add(link)
    }
  }
  return [...found]
}

describe('without JavaScript', () => {
  it.each(['predictor', 'probe'] as const)('the table of every %s is there, in the published order', async (track) => {
    const page = await site().open('/', { javaScriptEnabled: false })
    expect(await shown(page, track)).toEqual(expected(site().dataset.leaderboards['accuracy-drop'][track]))
  })

  it('the other truth and every perturbation are a link away', async () => {
    const page = await site().open('/', { javaScriptEnabled: false })
    await page.getByRole('link', { name: 'bounded KL' }).first().click()
    expect(await shown(page)).toEqual(expected(site().dataset.leaderboards['bounded-kl'].predictor))
    await page
      .getByRole('navigation', { name: 'One perturbation' })
      .getByRole('link', { name: 'gaussian-noise' })
      .click()
    const { predictor } = leaderboardOf(site().dataset, 'accuracy-drop', { perturbations: ['gaussian-noise'] })
    expect((await shown(page)).slice(0, predictor.length)).toEqual(expected(predictor))
  })

  it('nothing is offered that would not work', async () => {
    const page = await site().open('/', { javaScriptEnabled: false })
    expect(await page.locator('button:visible, select:visible').count()).toBe(0)
  })
})

describe('a table', () => {
  it('sorts by the column whose heading is clicked, and the other way at the second click', async () => {
    const page = await site().open('/')
    const rows = site().dataset.leaderboards['accuracy-drop'].predictor
    const heading = page.locator('table[data-track=predictor] th[data-key=regret]')
    await heading.getByRole('button').click()
    const byRegret = rows.toSorted((a, b) => (a.regret ?? NaN) - (b.regret ?? NaN))
    expect(await shown(page)).toEqual(expected(byRegret))
    expect(await heading.getAttribute('aria-sort')).toBe('ascending')
    await heading.getByRole('button').click()
    expect(await shown(page)).toEqual(expected(rows.toSorted((a, b) => (b.regret ?? NaN) - (a.regret ?? NaN))))
    expect(await page.locator('table[data-track=predictor] th[aria-sort]').count()).toBe(1)
  })

  it('sorts by keyboard', async () => {
    const page = await site().open('/')
    await page.locator('table[data-track=predictor] th[data-key=name] button').focus()
    await page.keyboard.press('Enter')
    const names = (await shown(page)).map((row) => row.split(' ')[0])
    expect(names).toEqual(names.toSorted())
  })
})

describe('choosing tasks', () => {
  it.each(truthKinds)('has data that gives the published table of the %s, to the last digit', async (kind) => {
    const { dataset, url } = site()
    const data = (await (await fetch(`${url}/data/ranking.json`)).json()) as RankingData
    expect(leaderboard(tasksOf(data, kind), data.criteria, { seed: [kind] })).toEqual(dataset.leaderboards[kind])
  })

  it('ranks again as an independent call does, and comes back to the published table', async () => {
    const { dataset, open } = site()
    const page = await open('/')
    const published = await shown(page)
    await page.getByRole('combobox', { name: 'Perturbation' }).selectOption('magnitude-pruning')
    await page.getByRole('status').getByText('Ranked again').waitFor()
    const ranked = leaderboard(
      dataset.tasks
        .filter(({ kind, perturbation }) => kind === 'accuracy-drop' && perturbation.name === 'magnitude-pruning')
        .map(({ task }) => task),
      dataset.criteria,
      { seed: ['accuracy-drop'] },
    )
    expect(await shown(page)).toEqual(expected(ranked.predictor))
    expect(await shown(page, 'probe')).toEqual(expected(ranked.probe))
    expect(await shown(page)).not.toEqual(published)
    await page.getByRole('combobox', { name: 'Perturbation' }).selectOption('')
    await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent === '')
    expect(await shown(page)).toEqual(published)
  })

  it('is kept in the address', async () => {
    const { dataset, open } = site()
    const page = await open('/')
    await page.getByRole('combobox', { name: 'Model' }).selectOption('deep-net')
    await page.getByRole('status').getByText('Ranked again').waitFor()
    const again = await open(new URL(page.url()).pathname + new URL(page.url()).search)
    await again.getByRole('status').getByText('Ranked again').waitFor()
    const { predictor } = leaderboardOf(dataset, 'accuracy-drop', { models: ['deep-net'] })
    expect(await shown(again)).toEqual(expected(predictor))
  })

  it('leaves the published table where its data cannot be loaded, and says so', async () => {
    const page = await site().open('/')
    const published = await shown(page)
    await page.route('**/data/ranking.json', (route) => route.fulfill({ status: 503, body: 'Not now.' }))
    await page.getByRole('combobox', { name: 'Model' }).selectOption('deep-net')
    await page.getByRole('status').getByText('could not be loaded').waitFor()
    expect(await shown(page)).toEqual(published)
  })

  it('says so where no chosen task counts', async () => {
    const page = await site().open('/?perturbation=rounding')
    await page.getByRole('status').getByText('No task of this choice counts').waitFor()
    expect((await shown(page)).every((row) => row.endsWith(' –'))).toBe(true)
  })
})

describe('the colours', () => {
  it('follow the system until one is chosen, and the choice is remembered', async () => {
    const page = await site().open('/', { colorScheme: 'dark' })
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const dark = await paper()
    await page.getByRole('button', { name: 'Use light colours' }).click()
    const light = await paper()
    expect(light).not.toBe(dark)
    await page.goto(`${site().url}/methods/`)
    expect(await paper()).toBe(light)
    await page.getByRole('button', { name: 'Use dark colours' }).click()
    expect(await paper()).toBe(dark)
  })
})

describe('every page', () => {
  it('fits a phone, asks nobody else for anything, and logs no error', async () => {
    const { open, url, dataset } = site()
    const page = await open('/', { viewport: { width: 360, height: 740 } })
    const trouble: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) trouble.push(`${page.url()}: ${message.text()}`)
    })
    page.on('pageerror', (error) => trouble.push(`${page.url()}: ${error.message}`))
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) trouble.push(`${page.url()} asks for ${request.url()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 400) trouble.push(`${response.url()} answers ${response.status()}`)
    })
    const paths = await allPages()
    expect(paths.length).toBeGreaterThan(dataset.models.length + dataset.criteria.length + dataset.perturbations.length)
    for (const path of paths) {
      await page.goto(url + path, { waitUntil: 'networkidle' })
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > 360) trouble.push(`${path} is ${width} pixels wide`)
    }
    expect(trouble).toEqual([])
  })

  it('links only to what is there', async () => {
    const { url } = site()
    const broken: string[] = []
    const asked = new Map<string, string | null>()
    const textOf = async (path: string): Promise<string | null> => {
      if (!asked.has(path)) {
        const answer = await fetch(url + path)
        asked.set(path, answer.ok ? await answer.text() : null)
      }
      return asked.get(path) ?? null
    }
    for (const path of await allPages()) {
      const html = (await textOf(path)) ?? ''
      for (const [, link] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
        const target = new URL(link!, url + path)
        if (target.origin !== url) continue
        const text = await textOf(target.pathname)
        const isThere = text !== null && (target.hash === '' || text.includes(`id="${target.hash.slice(1)}"`))
        if (!isThere) broken.push(`${path}: ${link}`)
      }
    }
    expect(broken).toEqual([])
  })

  it('that is not there says so', async () => {
    const answer = await fetch(`${site().url}/models/no-such-net/`)
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('There is no such page')
  })

  const kinds = [
    '/',
    '/criteria/',
    '/criteria/fragile/',
    '/models/',
    '/models/deep-net/',
    '/perturbations/',
    '/perturbations/rounding/',
  ]
  it.each([...kinds, '/dataset/', '/methods/', '/404.html'])('is accessible: %s', async (path) => {
    const page = await site().open(path)
    await page.evaluate(axeSource)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const violations = await page.evaluate(async () => {
        const { violations } = await window.axe.run()
        return violations.flatMap(({ id, nodes }) =>
          nodes.map(({ target, failureSummary }) => `${id} ${target.join()}: ${failureSummary}`),
        )
      })
      expect(violations).toEqual([])
    }
  })
})

describe('what is shown of a dataset', () => {
  it('greys a task that does not count, with the reason', async () => {
    const page = await site().open('/')
    const cell = page.locator('td[data-model=deep-net][data-perturbation=rounding]')
    expect(await cell.getAttribute('class')).toContain('idle')
    expect(await page.getByText('deep-net under rounding does not count.').textContent()).toContain(
      'No intensity is live',
    )
  })

  it('says that few networks decide nothing', async () => {
    const page = await site().open('/')
    expect(await page.locator('.caveat').textContent()).toContain('2 networks decide nothing')
  })

  it('marks a criterion that failed on a task, and one that is constant', async () => {
    const page = await site().open('/')
    const failed = (name: string) => page.locator(`tr[data-criterion=${name}] td.failures`).textContent()
    const row = (name: string) =>
      site().dataset.leaderboards['accuracy-drop'].predictor.find(({ criterion }) => criterion === name)
    expect((await failed('fragile'))?.trim()).toBe(String(row('fragile')?.failures))
    expect((await failed('flat'))?.trim()).toBe(`0 + ${row('flat')?.constants} constant`)
  })

  it('says what scoring a model costs, as a mean over models', async () => {
    const page = await site().open('/')
    const cost = (column: string) => page.locator(`tr[data-criterion=bounded-kl] td.${column}`).textContent()
    expect((await cost('seconds'))?.trim()).toBe('1.5 s')
    expect((await cost('processor'))?.trim()).toBe('1.8 s')
    expect((await cost('forwards'))?.trim()).toBe('40')
    const passes = (column: string) => page.locator(`tr[data-criterion=fragile] td.${column}`).textContent()
    // 64 forward passes a layer, of 5 and of 8.
    expect((await passes('forwards'))?.trim()).toBe('416')
    expect((await passes('backwards'))?.trim()).toBe('1,500')
    await page.goto(`${site().url}/criteria/bounded-kl/`)
    // 40 images, at each of the 8 levels of 5 and of 8 layers.
    expect(await page.locator('.card', { hasText: 'Passes a model' }).textContent()).toMatch(
      /2,080 forward\s*\(40 a score\)\s*,\s*0\s*backward/,
    )
  })

  it('lays open how scores go with the size of the layers, and their mean over models', async () => {
    const page = await site().open('/criteria/fragile/')
    const cells = (column: string) => page.locator(`.sizes td[data-column=${column}]`).allTextContents()
    const trimmed = async (column: string) => (await cells(column)).map((text) => text.trim())
    // Layers are larger with depth, so that both say the same; they cost the same. One layer of deep-net has no score.
    expect(await trimmed('layers')).toEqual(['5', '7'])
    expect(await trimmed('macs')).toEqual(['–', '–'])
    expect(await trimmed('parameters')).toEqual(await trimmed('depth'))
    const { depth } = site().dataset.criteria.find(({ name }) => name === 'fragile')!.sizeEffect
    const mean = await page.locator('.sizes td[data-mean=depth]').textContent()
    expect(mean?.trim()).toBe(
      depth!
        .toFixed(2)
        .replace(/^(-?)0\./, '$1.')
        .replace('-', '−'),
    )
    await page.goto(`${site().url}/criteria/flat/`)
    expect(await page.locator('.sizes').textContent()).toContain('constant scores')
  })

  it('gives every layer a row of the heatmap, and its loss in points', async () => {
    const page = await site().open('/models/tiny-net/')
    const task = site().dataset.tasks.find(
      ({ kind, model, perturbation }) =>
        kind === 'accuracy-drop' && model.name === 'tiny-net' && perturbation.name === 'gaussian-noise',
    )
    const cells = await page.locator('.pooled td[data-column=gaussian-noise]').allTextContents()
    const lost = task?.truths.map((truth) => (100 * (truth?.value ?? NaN)).toFixed(1))
    expect(cells.map((text) => text.trim().split(' ')[0])).toEqual(lost)
  })

  it('draws a dot a layer in every panel of a criterion', async () => {
    const page = await site().open('/criteria/depth/')
    const panels = page.locator('.panel svg', { hasText: 'deep-net under gaussian-noise' })
    expect(await panels.first().locator('circle').count()).toBe(8)
  })

  it('offers every file with the checksum of what comes', async () => {
    const { dataset, open, url } = site()
    const page = await open('/dataset/')
    const rows = page.locator('section', { hasText: 'sha256sum' }).locator('tbody tr')
    expect(await rows.locator('code').allTextContents()).toEqual(dataset.files.map(({ sha256 }) => sha256))
    const link = await rows.first().getByRole('link').first().getAttribute('href')
    const bytes = await (await fetch(`${url}${link ?? ''}`)).arrayBuffer()
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
    expect(digest).toBe(dataset.files[0]?.sha256)
  })
})

describe('a folder that is no dataset', () => {
  it('is refused by name', async () => {
    const folder = temporaryFolder()
    await expect(buildSite({ dataset: folder, outDir: temporaryFolder() })).rejects.toThrow(DatasetError)
  })
})
