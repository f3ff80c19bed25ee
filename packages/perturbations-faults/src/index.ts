export { bitFlip } from './bit-flip.ts'
