import { Command } from 'commander'
import { interruptible } from '../terminal/interruption.ts'
import { printResult, say } from '../terminal/output.ts'
import { type CommonOptions, outOption } from './options.ts'
import { naturalNumber } from './parsing.ts'

export const defaultPort = 4321

/** This machine alone. */
const defaultHost = '127.0.0.1'

interface ServeCommandOptions extends CommonOptions {
  readonly out: string
  readonly port: number
  readonly host: string
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the leaderboard and its API over a dataset folder')
    .addOption(outOption())
    .option('--port <n>', 'the port; 0 takes any that is free', naturalNumber, defaultPort)
    .option('--host <address>', 'the address to listen at; 0.0.0.0 lets other machines in', defaultHost)
    .action(({ out, port, host, json }: ServeCommandOptions) => serve(out, port, json, host))
}

/** Serves until it is stopped. */
export async function serve(dataset: string, port: number, json?: boolean, host = defaultHost): Promise<void> {
  // The server takes a moment to load; no other command waits for it.
  const { startServer } = await import('@loadbearing/leaderboard')
  await interruptible(async (signal) => {
    const server = await startServer({ dataset, port, host, onProgress: say, signal })
    printResult(json, { url: server.url }, () => `The leaderboard is at ${server.url} (Ctrl-C stops it).`)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await server.close()
  })
}
