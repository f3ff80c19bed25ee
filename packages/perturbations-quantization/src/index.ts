export { uniformQuantization } from './uniform-quantization.ts'
