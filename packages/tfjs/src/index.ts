export { type Differentiable, type Labelled, openDifferentiable } from './differentiable.ts'
export { checkEngine } from './check-engine.ts'
export { type Engine, type EngineOptions, openEngine } from './engine.ts'
