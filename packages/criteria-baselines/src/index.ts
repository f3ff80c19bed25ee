export { depth } from './depth.ts'
export { macs } from './macs.ts'
export { parameterCount } from './parameter-count.ts'
export { random } from './random.ts'
