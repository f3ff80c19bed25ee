import { Option } from 'commander'
import { say } from '../terminal/output.ts'

export const pluginOption = (): Option =>
  new Option('--plugin <package or path...>', 'plugins of your own; their code is run')

/** A plugin is code of someone else's: says so before it runs. */
export function warnOfPlugin(specifier: string): void {
  say(`Running the code of ${specifier}: load only plugins that you trust.`)
}
