import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { InputError } from '@loadbearing/core'
import type { Hono } from 'hono'

/** A server that listens. */
export interface Listening {
  /** Where it is, without a slash at the end. */
  readonly url: string
  /** Ends all connections, also those kept alive. */
  close(): Promise<void>
}

/**
 * Listens at a port; 0 takes any that is free.
 *
 * @throws InputError where the port is in use or may not be used
 */
export async function listen(app: Hono, host: string, port: number): Promise<Listening> {
  const server = createServer((request, response) => void getRequestListener(app.fetch)(request, response))
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    throw refusal(cause, host, port)
  }
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'may not be used by you',
  EADDRNOTAVAIL: 'cannot be had: this machine has no such address',
  ENOTFOUND: 'cannot be had: there is no such address',
  ERR_SOCKET_BAD_PORT: 'is none: ports go from 0 to 65535',
}

function refusal(cause: unknown, host: string, port: number): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const reason = reasons[code]
  if (reason === undefined) return cause
  return new InputError(`Port ${port} on ${host} ${reason}.`, {
    hint: 'Give another one, or --port 0 for any that is free.',
    cause,
  })
}
