import type { Engine, EngineOptions } from '../src/index.ts'

/** What the tests run on: what `LOADBEARING_ENGINE` names, else the best that loads. */
export const engine: EngineOptions = { only: process.env.LOADBEARING_ENGINE as Engine['name'] | undefined }
