/// <reference types="astro/client" />

declare module 'virtual:loadbearing/dataset' {
  /** The dataset folder that the site is built from. */
  export const folder: string
}
