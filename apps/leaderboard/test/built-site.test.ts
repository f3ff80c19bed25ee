import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTable, writeTables } from '@loadbearing/dataset/folder'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Build, builtSite } from '../src/server/built-site.ts'
import { exampleFolders } from './example-folder.ts'
import { standInBuild } from './stand-in-site.ts'

const example = exampleFolders()

async function change(folder: string, title: string): Promise<void> {
  const rows = await readTable(folder, 'models')
  await writeTables(folder, { models: rows.map((row) => ({ ...row, title })) })
}

/** Starts to build in a process of its own, and kills that in the middle. */
async function killBuild(dataset: string): Promise<void> {
  const module = new URL('../src/server/built-site.ts', import.meta.url).href
  const program = `
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { builtSite } from ${JSON.stringify(module)}
    const build = ({ outDir }) => {
      mkdirSync(outDir)
      writeFileSync(outDir + '/index.html', '<h1>Half')
      console.log('half')
      return new Promise((resolve) => setTimeout(resolve, 60_000))
    }
    await builtSite({ dataset: ${JSON.stringify(dataset)}, build })`
  const child = spawn(process.execPath, ['--conditions=@loadbearing/source', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('a site', () => {
  it('is built once for a content of the dataset, within the folder', async () => {
    const dataset = example()
    const build = standInBuild()
    const first = await builtSite({ dataset, build })
    const second = await builtSite({ dataset, build })
    expect(second).toBe(first)
    expect(first.startsWith(join(dataset, '.site'))).toBe(true)
    expect(build.times).toBe(1)
    expect(readFileSync(join(first, 'index.html'), 'utf8')).toBe('<h1>Leaderboard</h1>')
  })

  it('is built again when the dataset changed, and takes the place of the old one', async () => {
    const dataset = example()
    const build = standInBuild()
    const first = await builtSite({ dataset, build })
    await change(dataset, 'New')
    const second = await builtSite({ dataset, build })
    expect(second).not.toBe(first)
    expect(build.times).toBe(2)
    expect(readdirSync(join(dataset, '.site')).map((name) => join(dataset, '.site', name))).toEqual([second])
  })

  it('leaves nothing when its build fails, and is built by the next start', async () => {
    const dataset = example()
    const failing: Build = async ({ outDir }) => {
      await mkdir(outDir)
      await writeFile(join(outDir, 'index.html'), '<h1>Half')
      throw new Error('no memory')
    }
    await expect(builtSite({ dataset, build: failing })).rejects.toThrow('no memory')
    expect(readdirSync(join(dataset, '.site'))).toEqual([])
    const site = await builtSite({ dataset, build: standInBuild() })
    expect(readFileSync(join(site, 'index.html'), 'utf8')).toBe('<h1>Leaderboard</h1>')
  })

  it('is not the half of one whose build was killed, which goes', async () => {
    const dataset = example()
    await killBuild(dataset)
    const left = readdirSync(join(dataset, '.site'))
    expect(left).toHaveLength(1)
    const build = standInBuild()
    const site = await builtSite({ dataset, build })
    expect(build.times).toBe(1)
    expect(readFileSync(join(site, 'index.html'), 'utf8')).toBe('<h1>Leaderboard</h1>')
    expect(existsSync(join(dataset, '.site', left[0]!))).toBe(false)
  })

  it('is whole for all of several that start at once', async () => {
    const dataset = example()
    const builds = [standInBuild(), standInBuild(), standInBuild()]
    const sites = await Promise.all(builds.map((build) => builtSite({ dataset, build })))
    expect(new Set(sites).size).toBe(1)
    expect(readdirSync(join(dataset, '.site'))).toHaveLength(1)
    expect(existsSync(join(sites[0]!, '_astro', 'page.abcdef.js'))).toBe(true)
  })

  it('is built again where the dataset changed under the build', async () => {
    const dataset = example()
    const standIn = standInBuild()
    const build: Build = async (options) => {
      await standIn(options)
      if (standIn.times === 1) await change(dataset, 'New')
    }
    const site = await builtSite({ dataset, build })
    expect(standIn.times).toBe(2)
    expect(await builtSite({ dataset, build })).toBe(site)
    expect(standIn.times).toBe(2)
  })

  it('goes to the temporary files where the folder cannot be written', async () => {
    const dataset = example()
    // What stands in the way does so for an administrator too, unlike a permission.
    writeFileSync(join(dataset, '.site'), '')
    const build = standInBuild()
    const site = await builtSite({ dataset, build })
    onTestFinished(() => rmSync(join(site, '..'), { recursive: true, force: true }))
    expect(site.startsWith(tmpdir())).toBe(true)
    expect(await builtSite({ dataset, build })).toBe(site)
    expect(build.times).toBe(1)
  })
})
