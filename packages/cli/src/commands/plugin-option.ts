import { Option } from 'commander'
import { say } from '../terminal/output.ts'
import { moreTexts } from './parsing.ts'

export const pluginOption = (): Option =>
  new Option('--plugin <package or path>', 'plugins of your own, whose code is run; may be repeated').argParser(
    moreTexts,
  )

/** A plugin is code of someone else's: says so before it runs. */
export function warnOfPlugin(specifier: string): void {
  say(`Running the code of ${specifier}: load only plugins that you trust.`)
}
