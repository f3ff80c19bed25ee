import { conformance } from '@loadbearing/core/conformance'
import { describe, it } from 'vitest'
import * as criteria from './index.ts'

describe('criteria of attribution', () => {
  for (const criterion of Object.values(criteria)) conformance(criterion, it)
})
