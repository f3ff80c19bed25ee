/**
 * Holds our own engine against PyTorch on every network of the zoo, over the whole test split: the class of each image against the one
 * that tools/reference/zoo_predictions.py has recorded. Exits with 1 where they differ on an image that is no tie.
 *
 *   npm run zoo:verify                 runs all networks and prints
 *   npm run zoo:verify -- --write      also writes docs/zoo-verification.md
 *   npm run zoo:verify -- NAME …       these networks alone
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadModel, machine, preprocess, tieWidth } from '@loadbearing/bench'
import { DatasetError, findNamed, InputError, type Tensor } from '@loadbearing/core'
import { openNetwork } from '@loadbearing/onnx'
import { listZoo, type ModelCard } from '@loadbearing/zoo'
import { z } from 'zod'
import { formatted } from './generated-file.ts'
import { markdownTable } from './markdown-table.ts'
import { runTool } from './run-tool.ts'

const root = join(import.meta.dirname, '..')
const page = 'docs/zoo-verification.md'
const recorder = 'python tools/reference/zoo_predictions.py'
const chunkSize = 1000

/** What PyTorch makes of a network: a digit an image, and how far apart the two largest logits are where they are close. */
const recorded = z.object({
  sha256: z.string(),
  torch: z.string(),
  correct: z.int(),
  close: z.record(z.string(), z.number()),
  classes: z.string(),
})

type Recorded = z.infer<typeof recorded>

interface Finding {
  readonly card: ModelCard
  readonly pytorch: Recorded
  readonly correct: number
  /** Images of another class than PyTorch's that are no tie. */
  readonly different: readonly number[]
  /** Images whose two largest logits lie within `tieWidth`, here or in PyTorch. */
  readonly ties: readonly number[]
  /** Smallest difference of an image's two largest logits. */
  readonly closest: number
}

await runTool(run)

async function run(): Promise<void> {
  const { values: given, positionals: names } = parseArgs({
    options: { write: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  if (given.write && names.length > 0) {
    throw new InputError(`${page} is about all networks.`, { hint: 'Leave out the names, or --write.' })
  }
  const zoo = await listZoo()
  const cards = names.length === 0 ? zoo : names.map((name) => findNamed('network in the zoo', name, zoo))
  const findings: Finding[] = []
  for (const card of cards) {
    const finding = await verify(card)
    findings.push(finding)
    console.log(summaryOf(finding))
  }
  if (given.write) writeFileSync(join(root, page), await formatted(page, pageOf(findings)))
  if (findings.some(({ different }) => different.length > 0)) process.exitCode = 1
}

async function verify(card: ModelCard): Promise<Finding> {
  const model = await loadModel({ reference: `zoo:${card.name}` })
  const pytorch = readRecorded(card, model.onnx.sha256)
  const set = await model.images('test')
  const network = await openNetwork(model.onnx, model.bytes)
  const outcomes: Outcome[] = []
  for (let start = 0; start < set.count; start += chunkSize) {
    const indices = Array.from({ length: Math.min(chunkSize, set.count - start) }, (_, i) => start + i)
    outcomes.push(...outcomesOf(await network.run(await preprocess(set, indices, model.preprocessing))))
  }
  await network.release()

  const isTie = (image: number): boolean =>
    outcomes[image]!.margin <= tieWidth || (pytorch.close[image] ?? Infinity) <= tieWidth
  const images = [...outcomes.keys()]
  return {
    card,
    pytorch,
    correct: images.filter((image) => outcomes[image]!.predicted === set.labels[image]).length,
    different: images.filter((image) => String(outcomes[image]!.predicted) !== pytorch.classes[image] && !isTie(image)),
    ties: images.filter(isTie),
    closest: Math.min(...outcomes.map(({ margin }) => margin)),
  }
}

/** @throws DatasetError where nothing is recorded, or the record, the card and the file are not of one and the same file */
function readRecorded({ name, sha256 }: ModelCard, found: string): Recorded {
  const hint = `Record it: ${recorder} ${name}`
  const path = join(root, 'packages/zoo/test/fixtures/predictions', `${name}.json`)
  let content: Recorded
  try {
    content = recorded.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new DatasetError(`What PyTorch predicts with ${name} cannot be read.`, { hint, cause })
  }
  if (content.sha256 === sha256 && found === sha256) return content
  throw new DatasetError(
    `The file of ${name}, its card and what PyTorch predicts with it are not of one and the same network.`,
    { hint },
  )
}

interface Outcome {
  readonly predicted: number
  /** The largest logit less the second largest. */
  readonly margin: number
}

function outcomesOf({ shape, data }: Tensor): Outcome[] {
  const [count = 0, classes = 0] = shape
  return Array.from({ length: count }, (_, image) => {
    const logits = data.subarray(image * classes, (image + 1) * classes)
    const [first = NaN, second = NaN] = logits.toSorted((a, b) => b - a)
    return { predicted: logits.indexOf(first), margin: first - second }
  })
}

function summaryOf({ card, pytorch, correct, different, ties, closest }: Finding): string {
  return `${card.name}: ${correct} of ${card.test.images} correct, ${pytorch.correct} by PyTorch; different: ${different.join(', ') || 'none'}; ties: ${ties.join(', ') || 'none'}; closest two logits ${closest.toExponential(1)} apart`
}

function pageOf(findings: readonly Finding[]): string {
  const ties = findings.flatMap(({ card, ties: its }) => its.map((image) => `- ${card.name}: image ${image}`))
  const different = findings.flatMap(({ card, different: its }) => its.map((image) => `- ${card.name}: image ${image}`))
  const torch = [...new Set(findings.map(({ pytorch }) => pytorch.torch))].join(', ')
  const { processor, platform, node, engine } = machine()
  return `<!-- Generated by \`npm run zoo:verify -- --write\`. Do not edit. -->

# Verification of the zoo's accuracies

Every network of [the zoo](zoo.md) on its whole test split, by our own engine and by PyTorch with the weights of the same file
(\`${recorder}\`, which uses no ONNX runtime). Images to which the two give another class are counted under
_different_, unless the two largest logits of the image lie within ${tieWidth} in one of the runs: then two sound runtimes may disagree.
All such images are listed as ties, whether the two disagree or not. The last column says how near the nearest image came.

${markdownTable(
  ['Network', 'Data', ['Images'], ['Correct'], ['Correct, PyTorch'], ['Different'], ['Ties'], 'Closest two logits'],
  findings.map(({ card, pytorch, correct, different: other, ties: its, closest }) => [
    card.name,
    card.data,
    ...[card.test.images, correct, pytorch.correct, other.length, its.length].map((n) => n.toLocaleString('en')),
    closest.toExponential(1),
  ]),
)}

Each file has the SHA-256 that its card and PyTorch's record name.

${different.length === 0 ? 'No image is classified differently.' : `## Different\n\n${different.join('\n')}`}

${ties.length === 0 ? 'There are no ties.' : `## Ties\n\n${ties.join('\n')}`}

Ran on ${processor} (${platform}), Node ${node}, ${engine}; PyTorch ${torch}.
`
}
