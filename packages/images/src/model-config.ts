import { z } from 'zod'
import { readBeside } from './beside-model.ts'
import type { OutputNames } from './class-labels.ts'

const config = z.looseObject({ id2label: z.record(z.string().regex(/^\d+$/), z.string()) })

/** What the `id2label` of a transformers `config.json` that lies with a model calls its outputs; undefined where there is none. */
export async function findOutputNames(
  model: string,
): Promise<{ readonly path: string; readonly outputs: OutputNames } | undefined> {
  const found = await readBeside(model, 'config.json')
  if (!found) return undefined
  try {
    const { id2label } = config.parse(JSON.parse(found.text))
    return {
      path: found.path,
      outputs: Object.entries(id2label).map(([output, name]) => [name, Number(output)] as const),
    }
  } catch {
    // Nobody named the file: it may be of another program.
    return undefined
  }
}
