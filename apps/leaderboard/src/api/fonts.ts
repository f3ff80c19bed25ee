import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** Where the fonts of the reference are served; their style sheets come with them. */
export const fontsPath = '/api/v1/fonts'

export const fontFamilies = ['source-serif-4', 'source-sans-3'] as const

/** The folder of a family's files. */
export function fontFolder(family: (typeof fontFamilies)[number]): string {
  return dirname(createRequire(import.meta.url).resolve(`@fontsource-variable/${family}/package.json`))
}
