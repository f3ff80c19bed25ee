/** What an error may carry beside its sentence. */
export interface ErrorDetails {
  /** The next step for a person, as a sentence. */
  readonly hint?: string
  readonly cause?: unknown
}

/** Every error that Loadbearing throws on purpose: a stable `code`, a sentence for a person, and a hint for the next step. */
export abstract class LoadbearingError extends Error {
  abstract readonly code: 'input' | 'model' | 'plugin' | 'dataset' | 'engine'
  readonly hint: string | undefined

  constructor(message: string, { hint, cause }: ErrorDetails = {}) {
    super(message, { cause })
    this.name = new.target.name
    this.hint = hint
  }
}

/** The caller asked for something that cannot be: an unknown name, a value out of range, data of the wrong shape. */
export class InputError extends LoadbearingError {
  readonly code = 'input'
}

/** The model file is damaged, is no classifier, or holds something that cannot be perturbed. */
export class ModelError extends LoadbearingError {
  readonly code = 'model'
}

/** A plugin broke its contract or threw. */
export class PluginError extends LoadbearingError {
  readonly code = 'plugin'
}

/** A file of the dataset is missing, truncated, foreign, or differs from its checksum. */
export class DatasetError extends LoadbearingError {
  readonly code = 'dataset'
}

/** The runtime that executes the network refused or failed. */
export class EngineError extends LoadbearingError {
  readonly code = 'engine'
}
