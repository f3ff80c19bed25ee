import { availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { EngineError } from '@loadbearing/core'
import { cachePath } from '@loadbearing/zoo'
import { Command } from 'commander'
import pc from 'picocolors'
import { type Checked, checked } from '../doctor/checked.ts'
import { type CheckedFolder, checkedFolder } from '../doctor/folder.ts'
import { isNewEnough, oldestNode } from '../doctor/node-version.ts'
import { parts } from '../doctor/parts.ts'
import { bytes, counted } from '../terminal/numbers.ts'
import { printResult } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { type CommonOptions, outOption } from './options.ts'

interface DoctorCommandOptions extends CommonOptions {
  readonly out: string
}

interface Machine {
  readonly node: string
  readonly platform: string
  readonly processor: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  readonly freeMemory: number
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'what there is on this machine, whether it computes what it should, and what to do about what is missing',
    )
    .addOption(outOption())
    .action(async ({ out, json }: DoctorCommandOptions) => {
      const machine: Machine = {
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        processor: cpus()[0]?.model.trim() ?? 'unknown',
        cores: availableParallelism(),
        memory: totalmem(),
        freeMemory: freemem(),
      }
      const engines: Checked[] = []
      for (const part of parts) engines.push(await checked(part))
      const folders = [
        await checkedFolder(out, 'the dataset'),
        await checkedFolder(cachePath(), 'networks and images that are fetched'),
      ]
      const faults = faultsOf(machine, engines, folders)
      printResult(json, { ...machine, engines, folders }, () => describe(machine, engines, folders))
      if (faults.length > 0) {
        throw new EngineError(`${faults.join(', ')}: not as Loadbearing needs it.`, {
          hint: 'What to do about it is said above.',
        })
      }
    })
}

/** What is needed and is not as it should be, by name. */
function faultsOf({ node }: Machine, engines: readonly Checked[], folders: readonly CheckedFolder[]): string[] {
  return [
    ...(isNewEnough(node) ? [] : [`Node ${node}`]),
    ...engines.filter(({ works, needed }) => needed && !works).map(({ name }) => name),
    ...folders.filter(({ writable }) => !writable).map(({ path }) => path),
  ]
}

function describe(machine: Machine, engines: readonly Checked[], folders: readonly CheckedFolder[]): string {
  const { node, platform, processor, cores, memory, freeMemory } = machine
  const yes = pc.green('yes')
  const no = pc.red('no')
  const todo = [
    ...(isNewEnough(node) ? [] : [advised(`Node ${node}`, 'It is too old.', `install Node ${oldestNode} or newer`)]),
    ...engines.flatMap(({ name, why, advice }) => (why === null ? [] : [advised(name, why, advice!)])),
    ...folders.flatMap(({ path, why }) =>
      why === null ? [] : [advised(path, why, 'give yourself the right to write there, or name another folder')],
    ),
  ]
  return [
    `${pc.bold(`Node ${node}`)} on ${platform}: ${processor}, ${counted(cores, 'core')}, ${bytes(memory)} of memory, ${bytes(freeMemory)} of it free`,
    '',
    table(
      [
        { title: 'engine' },
        { title: 'works' },
        { title: 'threads', align: 'right' },
        { title: 'version' },
        { title: 'for', spare: true },
      ],
      engines.map(({ name, works, needed, threads, version, use }) => [
        name,
        works ? yes : needed ? no : pc.yellow('no (optional)'),
        threads === null ? '–' : String(threads),
        version ?? '–',
        use,
      ]),
    ),
    '',
    table(
      [{ title: 'folder' }, { title: 'writable' }, { title: 'free', align: 'right' }, { title: 'for', spare: true }],
      folders.map(({ path, writable, free, use }) => [path, writable ? yes : no, bytes(free), use]),
    ),
    '',
    ...(todo.length === 0 ? ['Nothing is missing.'] : todo),
  ].join('\n')
}

/** What is wrong with something, and what to do about it. */
function advised(name: string, why: string, advice: string): string {
  return `${pc.bold(name)}: ${why}\n  ${pc.dim('→')} ${advice}`
}
