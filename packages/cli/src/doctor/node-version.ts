import { createRequire } from 'node:module'

const { engines } = createRequire(import.meta.url)('../../package.json') as { engines: { node: string } }

/** The oldest Node that everything runs on: '20.19'. */
export const oldestNode = engines.node.replace('>=', '')

/** Whether a version of Node, '22.1.0', is not older than that. */
export function isNewEnough(version: string): boolean {
  return version.localeCompare(oldestNode, 'en', { numeric: true }) >= 0
}
