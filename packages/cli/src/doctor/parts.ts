import type { Part } from './part.ts'

const again = (name: string, isCheckout: boolean): string =>
  isCheckout ? 'npm ci, with optional dependencies' : `npm install --include=optional ${name}`

/** All parts that compute, each loaded when it is checked: one that is missing keeps none of the others from it. */
export const parts: readonly Part[] = [
  {
    name: 'onnxruntime-node',
    use: 'measuring, and every score',
    needed: true,
    check: async () => (await import('@loadbearing/onnx')).checkRuntime(),
    advice: (isCheckout) => `${again('onnxruntime-node', isCheckout)}; it has builds for Linux, macOS and Windows`,
  },
  {
    name: 'TensorFlow.js in WebAssembly',
    use: 'gradients',
    needed: true,
    check: async () => (await import('@loadbearing/tfjs')).checkEngine({ only: 'tfjs-wasm' }),
    advice: (isCheckout) => again('@tensorflow/tfjs-backend-wasm', isCheckout),
  },
  {
    name: 'TensorFlow.js, native',
    use: 'gradients, two to four times faster',
    needed: false,
    check: async () => (await import('@loadbearing/tfjs')).checkEngine({ only: 'tfjs-node' }),
    advice: (isCheckout) =>
      isCheckout ? 'npm run setup:native' : 'npm install @tensorflow/tfjs-node, with its install script allowed to run',
  },
  {
    name: 'sharp',
    use: 'images of your own',
    needed: true,
    check: async () => (await import('@loadbearing/images')).checkDecoder(),
    advice: (isCheckout) => again('sharp', isCheckout),
  },
]
