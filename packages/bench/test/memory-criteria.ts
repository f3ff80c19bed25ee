import { writeFileSync } from 'node:fs'
import { setInterval } from 'node:timers'
import { byLayer, defineCriterion } from '@loadbearing/core'
import { z } from 'zod'

const about = {
  version: 1,
  summary: 'Takes memory.',
  reference: { title: 'none', url: 'https://example.org' },
  needs: [],
} as const

const holding = (name: string, bytes: number) =>
  defineCriterion({
    ...about,
    name,
    options: z.object({}),
    score({ layers }) {
      const held = new Uint8Array(bytes).fill(1)
      return byLayer(layers, ({ depth }) => held[depth]!)
    },
  })

export const holdsMuch = holding('holds-much', 200e6)
export const holdsAsMuch = holding('holds-as-much', 200e6)
export const holdsLittle = holding('holds-little', 1e3)

const isAlone = process.argv[1]?.includes('peak-memory-child') === true

export const diesAlone = defineCriterion({
  ...about,
  name: 'dies-alone',
  options: z.object({}),
  score({ layers }) {
    if (isAlone) process.kill(process.pid, 'SIGKILL')
    return byLayer(layers, ({ depth }) => depth)
  },
})

/** Says which process it is in, and never ends. */
export const waits = defineCriterion({
  ...about,
  name: 'waits',
  options: z.object({ told: z.string().default('') }),
  async score({ layers }, { told }) {
    writeFileSync(told, String(process.pid))
    const alive = setInterval(() => undefined, 1000)
    await new Promise(() => undefined)
    clearInterval(alive)
    return byLayer(layers, () => 0)
  },
})
