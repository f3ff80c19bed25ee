import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPerturbation, loadModel, openHost } from '@loadbearing/bench'
import { defineCriterion, parseOptions, scoreLayers } from '@loadbearing/core'
import { learned } from '@loadbearing/criteria-ensembles'
import {
  type FeatureContext,
  featureNames,
  featureNeeds,
  type FeatureOptions,
  featuresOf,
} from '@loadbearing/criteria-ensembles/features'
import type { ModelCard } from '@loadbearing/zoo'

/** A perturbation and the intensities at which it was measured. */
export interface MeasuredLevels {
  readonly name: string
  readonly intensities: readonly number[]
}

/** By perturbation: [level][layer][feature], in the order of `featureNames`; null where a layer has none. */
export type ModelFeatures = Readonly<Record<string, readonly (readonly (readonly number[] | null)[])[]>>

/** The features of a network at all its measured levels, with the options that the criterion has by default. What `cache` holds is not computed twice. */
export async function featuresOfNetwork(
  { name, sha256 }: Pick<ModelCard, 'name' | 'sha256'>,
  perturbations: readonly MeasuredLevels[],
  cache: string,
): Promise<ModelFeatures> {
  const options = parseOptions(learned, {}) as unknown as FeatureOptions
  const asked = JSON.stringify([perturbations, options, featureNames, learned.version])
  const file = join(
    cache,
    `${name}-${sha256.slice(0, 8)}-${createHash('sha256').update(asked).digest('hex').slice(0, 8)}.json`,
  )
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ModelFeatures
  const found = await computed(name, perturbations, options)
  mkdirSync(cache, { recursive: true })
  writeFileSync(file, JSON.stringify(found))
  return found
}

async function computed(
  name: string,
  perturbations: readonly MeasuredLevels[],
  options: FeatureOptions,
): Promise<ModelFeatures> {
  const found: Record<string, (readonly number[] | null)[][]> = {}
  const recorder = defineCriterion({
    ...learned,
    needs: featureNeeds,
    async score(context: FeatureContext) {
      const features = await featuresOf(context, options)
      const level = context.layers.map((layer) => {
        const its = features.get(layer.name)!
        return 'reason' in its ? null : featureNames.map((feature) => its[feature])
      })
      ;(found[context.perturbation.name] ??= []).push(level)
      return new Map()
    },
  })
  const host = await openHost(await loadModel({ reference: `zoo:${name}` }))
  try {
    const { context } = host.offer(recorder)
    for (const { name: perturbed, intensities } of perturbations) {
      const perturbation = await findPerturbation(perturbed)
      for (const intensity of intensities) {
        const level = { perturbation, intensity }
        await scoreLayers(
          recorder,
          context((_, compute) => compute(), level),
          options,
        )
      }
    }
  } finally {
    await host.release()
  }
  return found
}
