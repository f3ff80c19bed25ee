import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, truncateSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { readTable, writeTables } from '@loadbearing/dataset/folder'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Listening } from '../src/server/listen.ts'
import { serveDataset } from '../src/server/serve-dataset.ts'
import { exampleFolders, temporaryFolder } from './example-folder.ts'
import { script, standInBuild } from './stand-in-site.ts'

const example = exampleFolders()

async function serve(dataset: string): Promise<Listening> {
  const server = await serveDataset({ dataset, port: 0, build: standInBuild() })
  onTestFinished(() => server.close())
  return server
}

/** Asks for a path as it is: fetch would resolve its dots first. */
async function rawGet(url: string, path: string): Promise<{ status: number | undefined; body: string }> {
  const { hostname, port } = new URL(url)
  const [response] = (await once(get({ hostname, port, path, agent: false }), 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: (await buffer(response)).toString() }
}

describe('the site', () => {
  it('is served with types, and index pages for folders', async () => {
    const { url } = await serve(example())
    const types = await Promise.all(
      ['/', '/models/tiny%20net/', '/_astro/page.abcdef.js', '/favicon.svg'].map(async (path) => {
        const response = await fetch(url + path)
        await response.arrayBuffer()
        return [response.status, response.headers.get('content-type')]
      }),
    )
    expect(types).toEqual([
      [200, 'text/html; charset=utf-8'],
      [200, 'text/html; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
      [200, 'image/svg+xml; charset=utf-8'],
    ])
  })

  it('sends a folder without its slash to the one with it', async () => {
    const { url } = await serve(example())
    const response = await fetch(`${url}/models/tiny%20net?sort=drop`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([301, '/models/tiny%20net/?sort=drop'])
  })

  it('keeps files with a hash in their name for good, and asks again for all others', async () => {
    const { url } = await serve(example())
    const hashed = await fetch(`${url}/_astro/page.abcdef.js`)
    expect(hashed.headers.get('cache-control')).toContain('immutable')
    const page = await fetch(`${url}/`)
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const again = await fetch(`${url}/`, { headers: { 'If-None-Match': page.headers.get('etag') ?? '' } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  it('is compressed where that is worth it', async () => {
    const { url } = await serve(example())
    const response = await fetch(`${url}/_astro/page.abcdef.js`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(await response.text()).toBe(script)
  })

  it('has a page for what is not there', async () => {
    const { url } = await serve(example())
    const response = await fetch(`${url}/models/none/`)
    expect([response.status, await response.text()]).toEqual([404, '<h1>No such page</h1>'])
  })

  it('leads nowhere out of its folder', async () => {
    const { url } = await serve(example())
    // The dataset's files lie two folders above the site.
    for (const up of [
      '..',
      '%2e%2e',
      '.%2e',
      '%252e%252e',
      '..%2f..',
      '..%5c..',
      'models/../..',
      '_astro/%2e%2e/%2e%2e',
    ]) {
      for (const path of [
        `/${up}/${up}/SHA256SUMS`,
        `/dataset/files/${up}/${up}/SHA256SUMS`,
        `//${up}/${up}/SHA256SUMS`,
      ]) {
        const { status, body } = await rawGet(url, path)
        expect({ path, leaked: body.includes('models.arrow') }).toEqual({ path, leaked: false })
        expect({ path, status }).toEqual({ path, status: 404 })
      }
    }
  })
})

describe('the files of the dataset', () => {
  it('are downloaded to the byte, with type, length and the stated checksum', async () => {
    const folder = example()
    const { url } = await serve(folder)
    const sums = await (await fetch(`${url}/dataset/files/SHA256SUMS`)).text()
    expect(sums).toBe(readFileSync(join(folder, 'SHA256SUMS'), 'utf8'))
    const lines = sums.trim().split('\n')
    expect(lines).toHaveLength(14)
    for (const line of lines) {
      const [hash = '', name = ''] = line.split('  ')
      const response = await fetch(`${url}/dataset/files/${name}`)
      const bytes = new Uint8Array(await response.arrayBuffer())
      expect(response.headers.get('content-type')).toBe('application/vnd.apache.arrow.file')
      expect(response.headers.get('content-length')).toBe(String(bytes.length))
      expect(response.headers.get('content-encoding')).toBeNull()
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(hash)
    }
  })

  it('are served in parts, and to HEAD without a body', async () => {
    const folder = example()
    const { url } = await serve(folder)
    const whole = readFileSync(join(folder, 'scores.arrow'))
    const address = `${url}/dataset/files/scores.arrow`
    const part = await fetch(address, { headers: { Range: 'bytes=10-29' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-29/${whole.length}`])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(10, 30))
    const beyond = await fetch(address, { headers: { Range: 'bytes=99999999-' } })
    expect(beyond.status).toBe(416)
    const head = await fetch(address, { method: 'HEAD' })
    expect([head.headers.get('accept-ranges'), head.headers.get('content-length')]).toEqual([
      'bytes',
      String(whole.length),
    ])
  })

  it('are those of the dataset and no others', async () => {
    const { url } = await serve(example())
    for (const name of ['none.arrow', 'models.csv', '.site']) {
      expect((await fetch(`${url}/dataset/files/${name}`)).status).toBe(404)
    }
  })
})

describe('a folder that changes while it is served', () => {
  it('is read again, and its site built again', async () => {
    const folder = example()
    const build = standInBuild()
    const server = await serveDataset({ dataset: folder, port: 0, build })
    onTestFinished(() => server.close())
    const ask = async () => {
      const response = await fetch(`${server.url}/api/v1/models`)
      const { models } = (await response.json()) as { models: { title: string }[] }
      return { title: models[0]?.title, etag: response.headers.get('etag') }
    }
    const before = await ask()
    const rows = await readTable(folder, 'models')
    await writeTables(folder, { models: rows.map((row) => ({ ...row, title: `New ${row.title}` })) })
    const after = await ask()
    expect([before.title, after.title]).toEqual(['Tiny network', 'New Tiny network'])
    expect(after.etag).not.toBe(before.etag)
    expect((await fetch(server.url)).status).toBe(200)
    expect(build.times).toBe(2)
  })

  it('is damaged meanwhile: pages and API say so, and recover with it', async () => {
    const folder = example()
    const { url } = await serve(folder)
    const rows = await readTable(folder, 'models')
    await writeTables(folder, { models: rows.map((row) => ({ ...row, title: 'New' })) })
    truncateSync(join(folder, 'models.arrow'), 500)
    const answer = await fetch(`${url}/api/v1/models`)
    expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: 'dataset' } }])
    await writeTables(folder, { models: rows })
    expect((await fetch(`${url}/api/v1/models`)).status).toBe(200)
    expect((await fetch(url)).status).toBe(200)
  })
})

describe('a server', () => {
  it('takes any free port for 0, on this machine alone', async () => {
    const [one, two] = [await serve(example()), await serve(example())]
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(one.url).not.toBe(two.url)
  })

  it('does not start on a port in use, and builds nothing then', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void holder.close())
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const build = standInBuild()
    await expect(serveDataset({ dataset: example(), port, build })).rejects.toThrow(
      expect.objectContaining({
        code: 'input',
        message: `Port ${port} on 127.0.0.1 is in use.`,
        hint: expect.stringContaining('--port 0') as string,
      }),
    )
    expect(build.times).toBe(0)
  })

  it('does not start on what is no port or no address', async () => {
    const refused = { code: 'input' }
    const options = { dataset: example(), build: standInBuild() }
    await expect(serveDataset({ ...options, port: 70_000 })).rejects.toMatchObject(refused)
    await expect(serveDataset({ ...options, port: 0, host: '203.0.113.1' })).rejects.toMatchObject(refused)
  })

  it('does not start over what is no dataset', async () => {
    const start = serveDataset({ dataset: temporaryFolder(), port: 0, build: standInBuild() })
    await expect(start).rejects.toMatchObject({
      code: 'dataset',
      hint: expect.stringContaining('npx loadbearing run') as string,
    })
  })

  it('frees its port when the site cannot be built', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    holder.close()
    await once(holder, 'close')
    const dataset = example()
    const failing = () => Promise.reject(new Error('no memory'))
    await expect(serveDataset({ dataset, port, build: failing })).rejects.toThrow('no memory')
    const server = await serveDataset({ dataset, port, build: standInBuild() })
    await server.close()
  })

  it('gives up a build when told to', async () => {
    const controller = new AbortController()
    const never = (): Promise<void> => {
      controller.abort(new Error('Interrupted.'))
      return new Promise(() => undefined)
    }
    const start = serveDataset({ dataset: example(), port: 0, build: never, signal: controller.signal })
    await expect(start).rejects.toThrow('Interrupted.')
  })

  it('ends connections that are kept alive when it closes', async () => {
    const server = await serveDataset({ dataset: example(), port: 0, build: standInBuild() })
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const [response] = (await once(get(server.url, { agent }), 'response')) as [IncomingMessage]
    const ended = once(response.socket, 'close')
    await buffer(response)
    expect(response.headers.connection).toBe('keep-alive')
    await server.close()
    await ended
    await expect(fetch(server.url)).rejects.toThrow()
  })
})
