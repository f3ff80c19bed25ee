import { DatasetError, LoadbearingError } from '@loadbearing/core'

/** Nobody answers at `url`, or nobody whom Node.js trusts. */
export function unreachable(url: URL, cause: unknown): DatasetError {
  const code = codeOf(cause)
  const hint = /CERT|SIGNATURE|ALTNAME/.test(code)
    ? 'Name the certificates that your network needs in NODE_EXTRA_CA_CERTS.'
    : 'Check the network, then give the same command again; npm ping tells whether npm reaches its registry.'
  return new DatasetError(`${url.host} cannot be reached: ${code}.`, { hint: `${hint}${proxyHint()}`, cause })
}

/** A download that began and did not end. */
export function brokenOff(url: URL, have: string, cause: unknown): DatasetError {
  return new DatasetError(`The connection to ${url.host} broke off after ${have}: ${codeOf(cause)}.`, {
    hint: 'Give the same command again: it goes on from there.',
    cause,
  })
}

/** The cause as an error that says which file could not be written and what to do; itself where it says so already. */
export function unwritable(path: string, cause: unknown): LoadbearingError {
  if (cause instanceof LoadbearingError) return cause
  const code = codeOf(cause)
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)
  return new DatasetError(`${path} could not be written: ${full ? 'the disk is full' : code}.`, {
    hint: full
      ? 'Free some space, then give the same command again: it goes on where it stopped.'
      : 'Check that the folder can be written to, or name another one in XDG_CACHE_HOME.',
    cause,
  })
}

/** The code of an error, or of what fetch wraps; its message where it has none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error) return String(error.code)
  return error.cause === undefined ? error.message : codeOf(error.cause)
}

/** npm goes through a proxy by itself; Node.js has to be told. */
function proxyHint(): string {
  const { HTTPS_PROXY, https_proxy, NODE_USE_ENV_PROXY } = process.env
  const proxy = HTTPS_PROXY ?? https_proxy
  return proxy && NODE_USE_ENV_PROXY !== '1'
    ? ' Behind a proxy, set NODE_USE_ENV_PROXY=1 (Node.js 22.21 or newer).'
    : ''
}
