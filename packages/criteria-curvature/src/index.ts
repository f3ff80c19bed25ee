export { hutchinsonTrace } from './hutchinson-trace.ts'
