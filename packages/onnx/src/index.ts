export { readModel, type OnnxModel } from './model.ts'
export { type Network, type Observed, openNetwork, openObserved } from './network.ts'
export { openSuffixes, type SuffixEngine } from './suffixes.ts'
export type { LeftOut } from './left-out.ts'
