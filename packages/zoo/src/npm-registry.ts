import { DatasetError } from '@loadbearing/core'
import authorizationFor from 'registry-auth-token'
import registryFor from 'registry-auth-token/registry-url.js'
import { z } from 'zod'
import { unreachable } from './fetch-failures.ts'

export interface NpmPackage {
  readonly name: string
  readonly version: string
}

/** Where a package's tarball is. */
export interface Published {
  readonly url: URL
  /** The registry's word for it, in base64; undefined where it has only older sums. */
  readonly sha512: string | undefined
}

const packument = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ tarball: z.url(), integrity: z.string().optional() }) })),
})

/**
 * Asks the registry that npm is configured for (its npmrc files and environment) where a version's tarball is.
 *
 * @throws DatasetError where the registry cannot be reached, refuses, or does not have it; the signal's reason when aborted
 */
export async function findPublished({ name, version }: NpmPackage, signal?: AbortSignal): Promise<Published> {
  const scope = name.startsWith('@') ? name.slice(0, name.indexOf('/')) : ''
  const registry = registryFor(scope)
  const url = new URL(name.replace('/', '%2f'), registry)
  // The short form of the document, which is the one that npm itself asks for.
  const response = await request(url, { accept: 'application/vnd.npm.install-v1+json' }, signal)
  if (!response.ok) throw refused(url, response, `${name} ${version}`)
  const { versions } = await response
    .json()
    .then((document) => packument.parse(document))
    .catch((cause: unknown) => {
      signal?.throwIfAborted()
      throw new DatasetError(`${url.host} does not answer as an npm registry does.`, {
        hint: `Check what npm config get registry prints: ${registry}`,
        cause,
      })
    })
  const dist = versions[version]?.dist
  if (dist === undefined) {
    throw new DatasetError(`The npm registry ${url.host} has no version ${version} of ${name}.`, {
      hint: 'Check the registry: npm config get registry.',
    })
  }
  return { url: onRegistry(new URL(dist.tarball), registry), sha512: /sha512-(\S+)/.exec(dist.integrity ?? '')?.[1] }
}

/** A registry's copy of a document of the public registry names the public registry: as npm does, it is asked itself. */
function onRegistry(tarball: URL, registry: string): URL {
  return tarball.host === 'registry.npmjs.org' ? new URL(tarball.pathname, registry) : tarball
}

/** @throws DatasetError where nobody answers; the signal's reason when aborted */
export async function request(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const login = authorizationFor(url.href, { recursive: true })
  const authorization = login && { authorization: `${login.type} ${login.token}` }
  try {
    return await fetch(url, { headers: { ...headers, ...authorization }, ...(signal && { signal }) })
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreachable(url, cause)
  }
}

/** What a status that is no success means. */
export function refused(url: URL, { status }: Response, what: string): DatasetError {
  if (status === 404) {
    return new DatasetError(`The npm registry ${url.host} does not have ${what}.`, {
      hint: 'Check the registry: npm config get registry.',
    })
  }
  const login = status === 401 || status === 403
  return new DatasetError(`The npm registry ${url.host} refused to send ${what}: HTTP ${status}.`, {
    hint: login ? 'Log in to it: npm login.' : 'Give the same command again later.',
  })
}
