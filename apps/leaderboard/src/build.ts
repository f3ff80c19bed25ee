import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readChecksums, readTable } from '@loadbearing/dataset/folder'
import type { AstroInlineConfig } from 'astro'

/** What a site is built from and where to. */
export interface BuildOptions {
  /** The dataset folder. */
  readonly dataset: string
  /** Where the site goes; emptied first. */
  readonly outDir: string
  readonly onProgress?: (message: string) => void
}

/** The tables without which there is nothing to show. */
const needed = [
  'models',
  'layers',
  'perturbations',
  'sensitivity',
  'criteria',
  'scores',
  'tasks',
  'truths',
  'rankings',
  'leaderboard',
  'runs',
] as const

const site = fileURLToPath(new URL('../site/', import.meta.url))
const fromSource = extname(import.meta.url) === '.ts'

/**
 * Builds the static site over a dataset folder: every page, and a copy of the dataset's files to download.
 *
 * @throws DatasetError when a table is missing or damaged
 */
export async function buildSite({ dataset, outDir, onProgress }: BuildOptions): Promise<void> {
  // Within the build, an error of ours would come back as one of Astro's.
  await Promise.all([readChecksums(dataset), ...needed.map((name) => readTable(dataset, name))])
  onProgress?.('Building the leaderboard')
  // Astro writes types and caches below its root, and the package's own folder may be read-only.
  const root = await mkdtemp(join(tmpdir(), 'loadbearing-site-'))
  try {
    process.env.ASTRO_TELEMETRY_DISABLED = '1'
    const { build } = await import('astro')
    await build(configuration(resolve(dataset), resolve(outDir), root))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

function configuration(dataset: string, outDir: string, root: string): AstroInlineConfig {
  const conditions = fromSource ? ['@loadbearing/source'] : []
  const server = {
    resolve: { conditions: [...conditions, 'node', 'import', 'module', 'default'], noExternal: true as const },
  }
  return {
    configFile: false,
    root,
    srcDir: site,
    publicDir: join(site, 'public'),
    outDir,
    cacheDir: join(root, 'cache'),
    output: 'static',
    trailingSlash: 'always',
    build: { format: 'directory', inlineStylesheets: 'never' },
    devToolbar: { enabled: false },
    logLevel: 'error',
    vite: {
      logLevel: 'error',
      plugins: [datasetModule(dataset)],
      environments: {
        client: { resolve: { conditions: [...conditions, 'browser', 'import', 'module', 'default'] } },
        prerender: server,
        ssr: server,
      },
    },
  }
}

/** The module that tells the pages which folder they are built from; its type is declared in site/env.d.ts. */
function datasetModule(dataset: string) {
  const name = 'virtual:loadbearing/dataset'
  return {
    name: 'loadbearing-dataset',
    resolveId: (id: string) => (id === name ? `\0${name}` : undefined),
    load: (id: string) => (id === `\0${name}` ? `export const folder = ${JSON.stringify(dataset)}` : undefined),
  }
}
