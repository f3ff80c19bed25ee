export { boundedKl } from './bounded-kl.ts'
