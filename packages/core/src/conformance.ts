import { z } from 'zod'
import { type AnyCriterion, byLayer, type Criterion, type Need } from './criterion.ts'
import type { Layer } from './layer.ts'
import { equalBytes, families, perturb, type Perturbation } from './perturbation.ts'
import { rngFrom } from './rng.ts'
import { type HostContext, parseOptions, scoreLayers } from './scoring.ts'
import { sizeOf, tensor, type Tensor } from './tensor.ts'

/** Registers one test: the `it` of vitest, jest, mocha or node:test. */
export type RegisterTest = (name: string, run: () => void | Promise<void>) => unknown
