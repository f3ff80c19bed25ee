import sansGreek from '@fontsource-variable/source-sans-3/files/source-sans-3-greek-wght-normal.woff2?url'
import sansLatin from '@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2?url'
import serifGreek from '@fontsource-variable/source-serif-4/files/source-serif-4-greek-wght-normal.woff2?url'
import serifLatin from '@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-normal.woff2?url'

// As the font's own style sheet splits them; Greek is fetched only where a page has a ρ or a τ in it.
const latin =
  'U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD'
const greek = 'U+0370-0377, U+037A-037F, U+0384-038A, U+038C, U+038E-03A1, U+03A3-03FF'

const face = (family: string, file: string, range: string): string =>
  `@font-face{font-family:'${family}';font-display:swap;font-weight:200 900;src:url(${file}) format('woff2-variations');unicode-range:${range}}`

export const fontFaces = [
  face('Source Serif', serifLatin, latin),
  face('Source Serif', serifGreek, greek),
  face('Source Sans', sansLatin, latin),
  face('Source Sans', sansGreek, greek),
].join('')

/** The files that every page needs. */
export const preloadedFonts = [serifLatin, sansLatin]
