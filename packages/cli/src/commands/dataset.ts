import { merge } from '@loadbearing/bench'
import { DatasetError } from '@loadbearing/core'
import { type Finding, type VerifiedFile, verifyFolder } from '@loadbearing/dataset/folder'
import { Command } from 'commander'
import { count, counted } from '../terminal/numbers.ts'
import { printResult, say } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { describeDecisions } from './decisions-text.ts'
import { cifar10Option, type CommonOptions, outOption } from './options.ts'

interface MergeCommandOptions {
  readonly out: string
  readonly cifar10?: string
}

export function datasetCommand(): Command {
  const verify = new Command('verify')
    .description('check the files of a dataset folder: checksums, schemas, and what must hold between the tables')
    .argument('[folder]', 'the dataset folder', 'loadbearing-dataset')
    .option('--json', 'print the result as JSON')
    .option('--debug', 'show the stack of an error')
    .action(async (folder: string, _: CommonOptions, command: Command) => {
      const { json } = command.optsWithGlobals<CommonOptions>()
      const { files, findings } = await verifyFolder(folder)
      printResult(json, { folder, files, findings }, () => describeFiles(files))
      if (findings.length > 0) throw unsound(folder, findings)
      say(`${counted(files.length, 'table')} in ${folder}, and no fault.`)
    })
  const joined = new Command('merge')
    .description('join the shards of a measurement into the folder that one machine would have made')
    .argument('<shards...>', 'the folders of all shards')
    .addOption(outOption())
    .addOption(cifar10Option())
    .option('--json', 'print the result as JSON')
    .option('--debug', 'show the stack of an error')
    .action(async (shards: string[], { out, cifar10 }: MergeCommandOptions, command: Command) => {
      const { json } = command.optsWithGlobals<CommonOptions>()
      const merged = await merge({ shards, out, cifar10 })
      printResult(json, { ...merged, out }, () => {
        if (merged.kind === 'dataset') return `${counted(shards.length, 'shard')} merged into ${out}.`
        return [
          describeDecisions(merged.pairs),
          '',
          `Copy ${out} to every machine and give the same measure command with that copy as --out; then merge those into ${out}.`,
        ].join('\n')
      })
    })
  return new Command('dataset').description('work with a dataset folder').addCommand(verify).addCommand(joined)
}

function describeFiles(files: readonly VerifiedFile[]): string {
  return table(
    [
      { title: 'file' },
      { title: 'rows', align: 'right' },
      { title: 'bytes', align: 'right' },
      { title: 'SHA-256, its start' },
    ],
    files.map(({ name, rows, bytes, sha256 }) => [
      name,
      rows === null ? '–' : count(rows),
      count(bytes),
      sha256.slice(0, 16),
    ]),
  )
}

function unsound(folder: string, findings: readonly Finding[]): DatasetError {
  const lines = findings.map(({ table: name, row, message }) => {
    return `  ${name}${row === null ? '' : `, row ${row}`}: ${message}`
  })
  return new DatasetError([`${folder} is not sound:`, ...lines].join('\n'), {
    hint: 'Restore what was changed or damaged, or measure again into another folder.',
  })
}
