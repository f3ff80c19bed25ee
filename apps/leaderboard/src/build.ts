import { constants } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AstroInlineConfig, AstroIntegration } from 'astro'
import { readDataset } from './data/dataset.ts'

/** What a site is built from and where to. */
export interface BuildOptions {
  /** The dataset folder. */
  readonly dataset: string
  /** Where the site goes; emptied first. */
  readonly outDir: string
  /** Whether to copy the dataset's files along; a server that has them at hand need not. */
  readonly withFiles?: boolean
  readonly onProgress?: (message: string) => void
}

const site = fileURLToPath(new URL('../site/', import.meta.url))
/** '.ts' in a checkout, '.js' when installed. */
const extension = extname(import.meta.url)

/**
 * Builds the static site over a dataset folder: every page, and the dataset's files under dataset/files/ to download.
 *
 * @throws DatasetError when the folder is no dataset, was not ranked, or is damaged
 */
export async function buildSite({ dataset, outDir, withFiles = true, onProgress }: BuildOptions): Promise<void> {
  // Within the build, an error of ours would come back as one of Astro's.
  const { files } = await readDataset(dataset)
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
  if (!withFiles) return
  const downloads = join(outDir, 'dataset', 'files')
  await mkdir(downloads, { recursive: true })
  for (const name of ['SHA256SUMS', ...files.map((file) => file.name)]) {
    await copyFile(join(dataset, name), join(downloads, name), constants.COPYFILE_FICLONE)
  }
}

function configuration(dataset: string, outDir: string, root: string): AstroInlineConfig {
  const conditions = [...(extension === '.ts' ? ['@loadbearing/source'] : []), 'import', 'module', 'default']
  // Pages are rendered from a bundle in outDir, where no package could be found.
  const onServer = { resolve: { conditions: ['node', ...conditions], noExternal: true as const } }
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
    integrations: [browserScript],
    vite: {
      logLevel: 'error',
      plugins: [datasetModule(dataset)],
      environments: {
        client: { resolve: { conditions: ['browser', ...conditions] } },
        prerender: onServer,
        ssr: onServer,
      },
    },
  }
}

/** What runs in the browser. Astro finds a script within a page only where the page lies below its root. */
const browserScript: AstroIntegration = {
  name: 'loadbearing-browser',
  hooks: {
    'astro:config:setup': ({ injectScript }) =>
      injectScript('page', `import ${JSON.stringify(join(site, 'browser', 'main.ts'))}`),
  },
}

/** The module through which pages get the dataset that they are built from; site/env.d.ts declares its type. */
function datasetModule(folder: string) {
  const name = 'virtual:loadbearing/dataset'
  const reader = fileURLToPath(new URL(`./data/dataset${extension}`, import.meta.url))
  return {
    name: 'loadbearing-dataset',
    resolveId: (id: string) => (id === name ? `\0${name}` : undefined),
    load: (id: string) =>
      id === `\0${name}`
        ? `import { readDataset } from ${JSON.stringify(reader)}
           export const folder = ${JSON.stringify(folder)}
           export const dataset = await readDataset(folder)`
        : undefined,
  }
}
