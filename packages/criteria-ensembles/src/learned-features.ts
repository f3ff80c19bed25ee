/** What `learned` is made of, for the tool that trains it. */
export { coefficientsFor } from './coefficients.ts'
export { centredRanks } from './feature-ranks.ts'
export {
  type FeatureContext,
  type FeatureName,
  featureNames,
  featureNeeds,
  type FeatureOptions,
  featuresOf,
} from './layer-features.ts'
