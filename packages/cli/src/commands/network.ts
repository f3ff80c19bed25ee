import { type Network, readNetwork } from '@loadbearing/bench'
import { startFetching } from '../terminal/fetching.ts'
import { interruptible } from '../terminal/interruption.ts'

/** Reads a network by reference, and says on stderr where it has to be fetched. @throws as `readNetwork` does */
export async function fetchedNetwork(reference: string): Promise<Network> {
  const { onFetch, stop } = startFetching()
  try {
    return await interruptible((signal) => readNetwork(reference, { signal, onFetch }))
  } finally {
    stop()
  }
}
