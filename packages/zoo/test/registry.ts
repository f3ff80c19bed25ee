import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished, vi } from 'vitest'

/** How a registry misbehaves; a test sets and resets it between two fetches. */
export interface Mood {
  /** Bytes of a tarball after which nothing more comes. */
  stallAfter?: number | undefined
  /** What every request is answered with. */
  status?: number | undefined
  /** What the tarball is instead of the published one. */
  tarball?: Buffer | undefined
  /** Sends whole files, whatever was asked for. */
  ignoresRanges?: boolean
  /** The token without which it sends nothing. */
  token?: string
}

export interface Registry {
  readonly url: string
  readonly mood: Mood
  /** The ranges of the requests for tarballs so far; '' for a whole one. */
  readonly ranges: string[]
  /** Cuts the connections that are open. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

/** A small server that speaks what npm registries speak, of one package; npm is configured for it until the test is over. */
export async function startRegistry(name: string, version: string, tarball: Buffer): Promise<Registry> {
  const mood: Mood = {}
  const ranges: string[] = []
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const packagePath = `/npm/${name.replace('/', '%2f')}`
  const tarballPath = `/npm/${name}/-/package-${version}.tgz`

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { authorization, range = '' } = request.headers
    if (mood.status !== undefined) return response.writeHead(mood.status).end()
    if (mood.token !== undefined && authorization !== `Bearer ${mood.token}`) return response.writeHead(401).end()
    if (request.url === packagePath) {
      const dist = { tarball: `http://${request.headers.host}${tarballPath}`, integrity }
      return response.end(JSON.stringify({ name, versions: { [version]: { name, version, dist } } }))
    }
    if (request.url !== tarballPath) return response.writeHead(404).end('{}')
    ranges.push(range)
    send(
      mood.tarball ?? tarball,
      mood.ignoresRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0),
      response,
      mood,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/npm/`
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  vi.stubEnv('npm_config_registry', url)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await close()
  })
  return { url, mood, ranges, cut: () => server.closeAllConnections(), close }
}

function send(tarball: Buffer, start: number, response: ServerResponse, { stallAfter }: Mood): void {
  if (start >= tarball.length) {
    response.writeHead(416, { 'content-range': `bytes */${tarball.length}` }).end()
    return
  }
  const rest = tarball.subarray(start)
  const range = start > 0 && { 'content-range': `bytes ${start}-${tarball.length - 1}/${tarball.length}` }
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, ...range })
  if (stallAfter === undefined) response.end(rest)
  else response.write(rest.subarray(0, stallAfter))
}
