import { digestOf, readDataset } from '../data/dataset.ts'
import { createApp } from './app.ts'
import { type Build, builtSite } from './built-site.ts'
import { latest } from './latest.ts'
import { listen, type Listening } from './listen.ts'

export interface ServerOptions {
  /** The dataset folder. */
  readonly dataset: string
  /** 0 takes any that is free. */
  readonly port: number
  /** The address to listen at; this machine alone by default. */
  readonly host?: string
  readonly onProgress?: (message: string) => void
  /** Gives up while the site is being built; its reason is thrown. */
  readonly signal?: AbortSignal
}

/** As `startServer`, with another way to build the site. */
export async function serveDataset(options: ServerOptions & { readonly build: Build }): Promise<Listening> {
  const { dataset: folder, port, host = '127.0.0.1', signal } = options
  const digest = () => digestOf(folder)
  const dataset = latest(digest, () => readDataset(folder))
  const site = latest(digest, () =>
    builtSite({ dataset: folder, build: options.build, ...(options.onProgress && { onProgress: options.onProgress }) }),
  )
  await dataset()
  // First the port, so that one in use shows before the site is built.
  const server = await listen(createApp({ folder, dataset, site }), host, port)
  try {
    await (signal ? Promise.race([site(), aborted(signal)]) : site())
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('Given up.'))
    }
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
  })
}
