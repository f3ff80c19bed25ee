/**
 * Holds the suffix engine against whole-graph runs of the ONNX files that `perturb` writes: every layer of the networks that ship,
 * one perturbation a family, every level, one draw, the first 2,500 test images. Writes what it found to docs/verification.md.
 *
 *   npm run verify:suffix                   all of it; an interrupted run goes on where it stopped
 *   npm run verify:suffix -- --images 500   fewer images; prints, and writes nothing
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type BenchModel,
  compareEngines,
  type EngineComparison,
  loadModel,
  machine,
  representatives,
  preprocess,
  tieWidth,
  zooSources,
} from '@loadbearing/bench'
import { openSuffixes } from '@loadbearing/onnx'
import { formatted } from './generated-file.ts'

const root = join(import.meta.dirname, '..')
const page = 'docs/verification.md'
/** Images that the page tells of. */
const published = 2500
const chunkSize = 2500

type Finding = Omit<EngineComparison, 'ties'> & {
  readonly key: string
  readonly model: string
  readonly layer: string
  readonly perturbation: string
  readonly intensity: number
  /** Indices in the test split. */
  readonly ties: readonly number[]
}

const { values: given } = parseArgs({ options: { images: { type: 'string', default: String(published) } } })
const images = Number(given.images)
const kept = join(root, `.verify-suffix-${images}.jsonl`)

const findings = readFindings()
const known = new Set(findings.map(({ key }) => key))
for (const source of await zooSources('shipped')) await verify(await loadModel(source))
const rows = representatives.flatMap(({ plugin }) =>
  [...new Set(findings.map(({ model }) => model))].map((model) => summarise(model, plugin.name)),
)
console.table(rows)
if (images === published) {
  writeFileSync(join(root, page), await formatted(page, pageOf()))
}
rmSync(kept, { force: true })
if (findings.some(({ different }) => different > 0)) process.exitCode = 1

/** What an interrupted run had found; a line that was being written when it stopped is left out. */
function readFindings(): Finding[] {
  if (!existsSync(kept)) return []
  const complete = readFileSync(kept, 'utf8').split('\n').slice(0, -1)
  writeFileSync(kept, complete.map((line) => `${line}\n`).join(''))
  return complete.map((line) => JSON.parse(line) as Finding)
}

async function verify(model: BenchModel): Promise<void> {
  const set = await model.images('test')
  const engine = await openSuffixes(model.onnx)
  for (let start = 0; start < images; start += chunkSize) {
    const indices = Array.from({ length: Math.min(chunkSize, images - start) }, (_, i) => start + i)
    const inputs = await preprocess(set, indices, model.preprocessing)
    const labels = indices.map((index) => set.labels[index]!)
    await engine.advance(inputs)
    for (const { name: layer } of model.onnx.layers) {
      for (const { plugin: perturbation } of representatives) {
        for (const intensity of perturbation.intensities) {
          const cell = { layer, perturbation, intensity, repeat: 0 }
          const names = { model: model.name, layer, perturbation: perturbation.name, intensity }
          const key = JSON.stringify([model.onnx.sha256, layer, perturbation.name, intensity, start, indices.length])
          if (known.has(key)) continue
          const compared = await compareEngines(model, engine, inputs, labels, cell)
          const finding = { key, ...names, ...compared, ties: compared.ties.map((image) => indices[image]!) }
          findings.push(finding)
          appendFileSync(kept, `${JSON.stringify(finding)}\n`)
        }
      }
    }
    console.log(`${model.name}: ${start + indices.length} of ${images} images`)
  }
  await engine.release()
}

function summarise(model: string, perturbation: string) {
  const own = findings.filter((finding) => finding.model === model && finding.perturbation === perturbation)
  const sum = (of: (finding: Finding) => number): number => own.reduce((total, finding) => total + of(finding), 0)
  return {
    model,
    perturbation,
    cells: new Set(own.map(({ layer, intensity }) => `${layer}/${intensity}`)).size,
    outcomes: sum((finding) => finding.images),
    correct: sum((finding) => finding.correct[0]),
    'correct, whole graph': sum((finding) => finding.correct[1]),
    different: sum((finding) => finding.different),
    ties: sum((finding) => finding.ties.length),
    'largest difference': Math.max(...own.map(({ difference }) => difference)).toExponential(1),
  }
}

function pageOf(): string {
  const columns = Object.keys(rows[0]!) as (keyof (typeof rows)[number])[]
  const ties = findings.flatMap(({ model, layer, perturbation, intensity, ties: its }) =>
    its.map((image) => `- ${model}, \`${layer}\`, ${perturbation} at ${intensity}: image ${image}`),
  )
  const { processor, platform, node, engine } = machine()
  return `<!-- Generated by \`npm run verify:suffix\`. Do not edit. -->

# Verification of the suffix engine

Every layer of the networks that ship with the zoo, under one perturbation of each family at every level (draw 0), on the first
${images.toLocaleString('en')} test images: once by the suffix engine that measures the ground truth, once by running the whole ONNX file that
\`loadbearing perturb\` writes for the cell. An outcome is one image in one cell. Outcomes that differ are counted under _different_, unless the two largest logits of the image lie
within ${tieWidth} in one of the runs: then two sound runtimes may disagree, and the image is listed as a tie. The largest difference
is that of a logit between the two runs, relative to the largest logit of its image.

| ${columns.join(' | ')} |
| ${columns.map((column) => (typeof rows[0]![column] === 'number' ? '--:' : '---')).join(' | ')} |
${rows.map((row) => `| ${columns.map((column) => row[column].toLocaleString('en')).join(' | ')} |`).join('\n')}

${ties.length === 0 ? 'There are no ties.' : `## Ties\n\n${ties.join('\n')}`}

Ran on ${processor} (${platform}), Node ${node}, ${engine}.
`
}
