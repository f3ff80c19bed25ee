/// <reference types="astro/client" />

declare module 'virtual:loadbearing/dataset' {
  /** The dataset that the site is built from. */
  export const dataset: import('#data').Dataset
  /** The folder that it was read from. */
  export const folder: string
}
