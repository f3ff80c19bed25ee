import { DatasetError } from '@loadbearing/core'
import { Command } from 'commander'
import { printResult } from '../terminal/output.ts'
import type { CommonOptions } from './options.ts'

export function datasetCommand(): Command {
  const verify = new Command('verify')
    .description('check the files of a dataset folder: checksums, schemas, and what must hold between the tables')
    .argument('[folder]', 'the dataset folder', 'loadbearing-dataset')
    .option('--json', 'print the result as JSON')
    .option('--debug', 'show the stack of an error')
    .action(async (folder: string, { json }: CommonOptions) => {
      const { verifyFolder } = await import('@loadbearing/dataset/folder')
      const verification = await verifyFolder(folder)
      void verification
      void printResult
      void DatasetError
      void json
    })
  return new Command('dataset').description('work with a dataset folder').addCommand(verify)
}
