import type { Command } from 'commander'
import { criteriaCommand } from './criteria.ts'
import { datasetCommand } from './dataset.ts'
import { doctorCommand } from './doctor.ts'
import { layersCommand } from './layers.ts'
import { measureCommand } from './measure.ts'
import { perturbCommand } from './perturb.ts'
import { perturbationsCommand } from './perturbations.ts'
import { rankCommand } from './rank.ts'
import { runCommand } from './run.ts'
import { scoreCommand } from './score.ts'
import { serveCommand } from './serve.ts'

/** Every command, in the order of the help. */
export const allCommands = (): Command[] => [
  runCommand(),
  measureCommand(),
  scoreCommand(),
  rankCommand(),
  serveCommand(),
  layersCommand(),
  perturbCommand(),
  criteriaCommand(),
  perturbationsCommand(),
  datasetCommand(),
  doctorCommand(),
]
