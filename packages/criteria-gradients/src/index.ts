export { fisher } from './fisher.ts'
export { snip } from './snip.ts'
