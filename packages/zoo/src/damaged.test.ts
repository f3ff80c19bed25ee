import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DatasetError } from '@loadbearing/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type * as Zoo from './index.ts'

const here = join(import.meta.dirname, '..')

// Inside the package, so that the copy finds the packages it imports.
let copy: string
let zoo: typeof Zoo

beforeEach(async () => {
  copy = await mkdtemp(join(here, '.damaged-copy-'))
  for (const part of ['src', 'models', 'data', 'package.json']) {
    await cp(join(here, part), join(copy, part), { recursive: true })
  }
  zoo = (await import(pathToFileURL(join(copy, 'src/index.ts')).href)) as typeof Zoo
})

afterEach(() => rm(copy, { recursive: true }))

const damaged = (file: string) => ({
  name: 'DatasetError',
  message: expect.stringContaining(file) as string,
  hint: expect.stringContaining('Install @loadbearing/zoo again') as string,
})

describe('in a damaged installation', () => {
  it('a network with one flipped bit is refused', async () => {
    const path = join(copy, 'models/lenet-fashion.onnx')
    const bytes = await readFile(path)
    bytes[1000]! ^= 1
    await writeFile(path, bytes)
    await expect(zoo.readZooModel('lenet-fashion')).rejects.toMatchObject(damaged('models/lenet-fashion.onnx'))
    await expect(zoo.readZooModel('resnet8-fashion')).resolves.toBeDefined()
  })

  it('a network of another version than the cards is refused', async () => {
    const installed = join(copy, 'node_modules/@loadbearing/zoo-networks')
    await mkdir(join(installed, 'networks'), { recursive: true })
    await writeFile(join(installed, 'package.json'), '{"exports": {"./networks/*": "./networks/*"}}')
    await writeFile(join(installed, 'networks/vit6-fashion.onnx'), 'another')
    await expect(zoo.readZooModel('vit6-fashion')).rejects.toMatchObject({
      name: 'DatasetError',
      message: expect.stringContaining('vit6-fashion.onnx is not the network of this version') as string,
      hint: expect.stringContaining('Install @loadbearing/zoo-networks ') as string,
    })
  })

  it('truncated images are refused', async () => {
    await truncate(join(copy, 'data/fashion-mnist/test-images.idx3.gz'), 100_000)
    await expect(zoo.readImages('fashion-mnist', 'test')).rejects.toMatchObject(
      damaged('data/fashion-mnist/test-images.idx3.gz'),
    )
  })

  it.each(['test-labels.idx1.gz', 'checksums.json'])('%s is missed', async (file) => {
    await rm(join(copy, 'data/fashion-mnist', file))
    await expect(zoo.readImages('fashion-mnist', 'test')).rejects.toMatchObject(damaged(`data/fashion-mnist/${file}`))
  })

  it('a card that is no card is refused', async () => {
    await writeFile(join(copy, 'models/lenet-fashion.json'), '{"name": "lenet-fashion"')
    await expect(zoo.listZoo()).rejects.toMatchObject(damaged('models/lenet-fashion.json'))
  })

  it('without its models, the zoo says what to do', async () => {
    await rm(join(copy, 'models'), { recursive: true })
    await expect(zoo.listZoo()).rejects.toMatchObject(damaged('models'))
    await expect(zoo.listZoo()).rejects.toBeInstanceOf(DatasetError)
  })
})
