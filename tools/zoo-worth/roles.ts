import type { Row } from '@loadbearing/dataset'

/** Kinds of layers that networks of different architectures have in common. */
export type Kind =
  | 'stem'
  | 'head'
  | 'shortcut'
  | 'gate'
  | 'token mixing'
  | 'depthwise convolution'
  | 'pointwise convolution'
  | 'spatial convolution'
  | 'linear'

/** What `roleOf` needs of a layer: its row in the table of layers. */
export type RoleLayer = Pick<Row<'layers'>, 'name' | 'op' | 'depth' | 'groups' | 'weight_shape' | 'input_shape'>

/** The rule of `roleOf` in words, for the page. */
export const roleRule = `A role is a kind of layer in a third of the network's depth. The kinds, the first that fits:

- **stem**: the first layer;
- **head**: the last layer;
- **shortcut**: a convolution beside a residual block (\`shortcut\` in its name);
- **gate**: a layer of squeeze-and-excitation (\`gate\` in its name);
- **token mixing**: a projection of attention, or a layer of an MLP over tokens (\`attention\` or \`tokens\` in its name);
- **depthwise convolution**: as many groups as input channels, more than one;
- **pointwise convolution**: a kernel of 1×1;
- **spatial convolution**: any other convolution;
- **linear**: any other Gemm or MatMul.

A layer at depth d of L, counted from 0, is in third ⌊3d / L⌋: early, middle or late.`

const thirds = ['early', 'middle', 'late'] as const

/** The role of a layer in a network of `layers` layers: a kind, and a third of the depth, e.g. 'spatial convolution, early'. */
export function roleOf(layer: RoleLayer, layers: number): string {
  return `${kindOf(layer, layers)}, ${thirds[Math.floor((3 * layer.depth) / layers)]!}`
}

function kindOf({ name, op, depth, groups, weight_shape, input_shape }: RoleLayer, layers: number): Kind {
  const parts = name.split('.')
  if (depth === 0) return 'stem'
  if (depth === layers - 1) return 'head'
  if (parts.includes('shortcut')) return 'shortcut'
  if (parts.includes('gate')) return 'gate'
  if (parts.includes('attention') || parts.includes('tokens')) return 'token mixing'
  if (op !== 'Conv' && op !== 'ConvTranspose') return 'linear'
  if (groups > 1 && groups === Number(input_shape.split(',')[0])) return 'depthwise convolution'
  const kernel = weight_shape.split(',').slice(2)
  return kernel.every((size) => size === '1') ? 'pointwise convolution' : 'spatial convolution'
}
