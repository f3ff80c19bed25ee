import { describe, expect, it } from 'vitest'
import { type Agreement, agreementsOf, type NetworkDrops, placeOf } from '../zoo-worth/agreement.ts'
import { roleOf } from '../zoo-worth/roles.ts'

const network = (name: string, family: string, layers: readonly (readonly [role: string, drop: number])[]) => ({
  name,
  family,
  layers: layers.map(([role, drop], index) => ({ place: `layer${index}`, role, drop })),
})
const rhos = (...networks: NetworkDrops[]) => {
  const { variants, variantsByRole, relatives, strangers } = agreementsOf(networks)
  const of = (agreements: readonly Agreement[]) => agreements.map(({ rho }) => rho)
  return {
    variants: of(variants),
    variantsByRole: of(variantsByRole),
    relatives: of(relatives),
    strangers: of(strangers),
  }
}

const five = ['stem', 'early', 'middle', 'late', 'head']
const falling = five.map((role, i) => [role, 1 - i / 10] as const)
const rising = five.map((role, i) => [role, i / 10] as const)

describe('agreementsOf', () => {
  it('compares variants layer by layer and by role', () => {
    const [a, b] = [network('a', 'resnet', falling), network('b', 'resnet', rising)]
    expect(rhos(a, { ...a, name: 'again' })).toEqual({
      variants: [1],
      variantsByRole: [1],
      relatives: [],
      strangers: [],
    })
    expect(rhos(a, b)).toEqual({ variants: [-1], variantsByRole: [-1], relatives: [], strangers: [] })
  })

  it('compares networks of another depth or family by the mean rank of each role', () => {
    // The two middle layers rank 1 and 4 of 6, on average below the late one, which ranks 3.
    const layers = [
      ['stem', 0.9],
      ['early', 0.8],
      ['middle', 0.1],
      ['middle', 0.5],
      ['late', 0.4],
      ['head', 0.2],
    ] as const
    const deeper = network('deeper', 'resnet', layers)
    const other = network('other', 'vgg', layers)
    const shallow = network('shallow', 'resnet', falling)
    // Ranks of roles: 5 4 3 2 1 against 6 5 2.5 3 2, so that two neighbours change places: 1 − 6 · 2 / (5 · 24).
    expect(rhos(shallow, deeper).relatives[0]).toBeCloseTo(0.9)
    expect(rhos(shallow, other).strangers[0]).toBeCloseTo(0.9)
  })

  it('does not compare by role what shares fewer than five', () => {
    const renamed = network('b', 'vgg', [...falling.slice(0, 4), ['gate', 0.1]])
    expect(rhos(network('a', 'resnet', falling), renamed).strangers).toEqual([])
  })
})

it('finds the same place with and without folded batch normalisation', () => {
  expect(placeOf('stage1.block0.conv1.conv.weight')).toBe(placeOf('stage1.block0.conv1.weight'))
})

describe('roleOf', () => {
  const role = (name: string, op: string, depth: number, weight: string, groups: number, input: string) =>
    roleOf({ name, op, depth, groups, weight_shape: weight, input_shape: input }, 24)

  it('tells kinds apart, by third of the depth', () => {
    expect(role('stem.weight', 'Conv', 0, '12,1,3,3', 1, '1,28,28')).toBe('stem, early')
    expect(role('block0.depthwise.weight', 'Conv', 2, '48,1,3,3', 48, '48,14,14')).toBe('depthwise convolution, early')
    expect(role('block0.project.weight', 'Conv', 7, '12,48,1,1', 1, '48,14,14')).toBe('pointwise convolution, early')
    expect(role('block3.conv1.weight', 'Conv', 8, '8,16,3,3', 2, '32,7,7')).toBe('spatial convolution, middle')
    expect(role('block3.shortcut.conv.weight', 'Conv', 15, '8,16,1,1', 1, '16,7,7')).toBe('shortcut, middle')
    expect(role('block4.attention.qkv.weight', 'MatMul', 16, '48,144', 1, '16,48')).toBe('token mixing, late')
    expect(role('block4.mlp.fc1.weight', 'MatMul', 17, '48,96', 1, '16,48')).toBe('linear, late')
    expect(role('fc.weight', 'Gemm', 23, '10,48', 1, '48')).toBe('head, late')
  })
})
