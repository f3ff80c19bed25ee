/**
 * Packs every published package, installs the tarballs in an empty folder as a user would, and runs the command there on
 * each Node version named on the command line (from the npm packages that carry the Node binary).
 *
 *   npm run test:packed            # Node 20 and 22
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Manifest {
  readonly name: string
  readonly private?: boolean
}

const root = resolve(import.meta.dirname, '../..')
const versions = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'loadbearing-packed-'))

const run = (command: string, parameters: readonly string[], cwd: string): string =>
  execFileSync(command, parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

function publishedFolders(): string[] {
  return ['packages', 'apps']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
    .filter((folder) => !(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest).private)
}

function packInto(folder: string): Record<string, string> {
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder, ...publishedFolders()], root),
  ) as { name: string; filename: string }[] | Record<string, { name: string; filename: string }>
  return Object.fromEntries(Object.values(packed).map(({ name, filename }) => [name, `file:${join(folder, filename)}`]))
}

try {
  const tarballs = packInto(work)
  for (const version of versions) {
    const project = mkdtempSync(join(work, `node-${version}-`))
    // Overrides, because the packages name each other by versions that no registry has yet.
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies: tarballs, overrides: tarballs }),
    )
    run(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', `node-${platformPackage()}@${version}`],
      project,
    )
    const loadbearing = (...parameters: string[]): string =>
      run(
        join(project, 'node_modules/.bin/node'),
        [join(project, 'node_modules/loadbearing/bin/loadbearing.js'), ...parameters],
        project,
      )

    const node = run(join(project, 'node_modules/.bin/node'), ['--version'], project).trim()
    console.log(`${node}: ${Object.keys(tarballs).length} packages installed from tarballs`)
    for (const parameters of [
      ['--version'],
      ['doctor'],
      ['layers', 'zoo:lenet-fashion'],
      // A network that does not ship, from the package that holds it.
      ['layers', 'zoo:vit6-fashion'],
      ['criteria'],
      ['measure', 'zoo:lenet-fashion', '--perturbation', 'magnitude-pruning', '--images', '100'],
      ['score', 'zoo:lenet-fashion', '--criterion', 'l2-norm,random'],
      ['rank'],
      ['dataset', 'verify'],
    ]) {
      console.log(`${node}: loadbearing ${parameters.join(' ')}`)
      const printed = loadbearing(...parameters)
      if (printed.trim() === '') throw new Error('printed nothing')
      // What took part in a process of its own answered.
      if (parameters[0] === 'score' && !/ MB$/m.test(printed)) throw new Error('peak memory was not measured')
    }
    console.log(`${node}: loadbearing serve --port 0`)
    await browse(project)
  }
  console.log(`packed: ${versions.length} passed, 0 failed`)
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** Builds and serves the leaderboard from the installed packages, and reads a page, the API and a file of the dataset. */
async function browse(project: string): Promise<void> {
  const server = spawn(
    join(project, 'node_modules/.bin/node'),
    [join(project, 'node_modules/loadbearing/bin/loadbearing.js'), 'serve', '--port', '0', '--json'],
    { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(server, 'exit')
  try {
    const printed = once(server.stdout, 'data') as Promise<[Buffer]>
    const [first] = await Promise.race([
      printed,
      exited.then(([code]) => {
        throw new Error(`serve ended with ${String(code)} before it served`)
      }),
    ])
    const { url } = JSON.parse(first.toString()) as { url: string }
    for (const path of ['/', '/api/v1/leaderboard', '/dataset/files/sensitivity.arrow']) {
      const response = await fetch(new URL(path, url))
      const body = await response.arrayBuffer()
      if (!response.ok || body.byteLength === 0) throw new Error(`${path} answered ${response.status}`)
    }
  } finally {
    server.kill('SIGINT')
    await exited
  }
}

function platformPackage(): string {
  const names: Record<string, string> = {
    'linux-x64': 'linux-x64',
    'linux-arm64': 'linux-arm64',
    'darwin-x64': 'darwin-x64',
    'darwin-arm64': 'bin-darwin-arm64',
    'win32-x64': 'win-x64',
  }
  const name = names[`${process.platform}-${process.arch}`]
  if (!name) throw new Error(`No npm package carries Node for ${process.platform}-${process.arch}.`)
  return name
}
