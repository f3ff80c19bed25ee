export { gaussianNoise } from './gaussian-noise.ts'
