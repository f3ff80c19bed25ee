export {
  type BenchModel,
  loadModel,
  type ModelSource,
  type Network,
  preprocess,
  readNetwork,
  zooSources,
} from './model.ts'
export { type DecidedPair, measure, type MeasureOptions, type MeasureProgress, untilCeiling } from './measure.ts'
export type { Precision } from './plan.ts'
export { representatives } from './representatives.ts'
export { loadPlugins, type LoadedPlugins } from './plugins.ts'
export { rank, type Ranked, type RankedTask, type RankOptions } from './rank.ts'
export type { Registered, RegisteredCriterion, RegisteredPerturbation } from './registry.ts'
export { criteria, perturbations } from './registry.generated.ts'
export { score, type ScoredCriterion, type ScoreOptions, type ScoreProgress } from './score.ts'
export { compareEngines, type EngineComparison, tieWidth } from './engine-comparison.ts'
export { initialWeights } from './initial-weights.ts'
export { type Cell, type PerturbedModel, perturbModel } from './perturbed-model.ts'
export { machine } from './cost.ts'
export { type LayerLoss, layerLosses } from './layer-losses.ts'
export { intensitiesOf, type MeasuredTask, measuredTasks, type TaskChoice } from './measured-tasks.ts'
export { findPerturbation } from './plugins.ts'
