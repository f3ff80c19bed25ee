export { checkDecoder } from './check-decoder.ts'
export { findPreprocessor, parsePreprocessor, readPreprocessor } from './preprocessor-config.ts'
export { finalSize } from './geometry.ts'
export type { LabelledExamples, LabelledImages, LabelledNumbers } from './labelled-examples.ts'
export type { Asked, Split } from './labelled-set.ts'
export { normalised, type Preprocessing, type Size } from './preprocessing.ts'
export { splitImages, type SplitImages } from './split.ts'
export { openUserImages, type UserImages } from './user-images.ts'
export {
  findNumbers,
  openUserNumbers,
  type NumbersColumn,
  type TakenNumbers,
  type UserNumbers,
} from './user-numbers.ts'
