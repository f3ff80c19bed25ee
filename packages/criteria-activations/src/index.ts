export { activationNorm } from './activation-norm.ts'
