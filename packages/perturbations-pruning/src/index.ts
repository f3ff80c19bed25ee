export { magnitudePruning } from './magnitude-pruning.ts'
