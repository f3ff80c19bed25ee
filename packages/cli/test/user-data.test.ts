import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readImages, readZooModel } from '@loadbearing/zoo'
import onnxProto from 'onnx-proto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectRefusal, jsonOutput, loadbearing } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { classifier } from './tiny-models.ts'

const { ModelProto, TensorProto } = onnxProto.onnx

const brief = ['--perturbation', 'magnitude-pruning', '--intensity', '0.9', '--images', '30', '--threads', '1']

/** A folder with lenet.onnx, 60 images of the zoo in folders and in a CSV, and the names of the classes. */
let cwd: string

beforeAll(async () => {
  cwd = temporaryFolder(afterAll)
  const { classes, labels, pixels } = await readImages('fashion-mnist', 'test')
  const names = classes.map((name) => name.replace('/', '-'))
  writeFileSync(join(cwd, 'lenet.onnx'), (await readZooModel('lenet-fashion')).bytes)
  writeFileSync(join(cwd, 'labels.txt'), names.join('\n'))
  const lines = []
  for (let i = 0; i < 60; i++) {
    const file = `fashion/${names[labels[i]!]!}/${i}.png`
    mkdirSync(join(cwd, file, '..'), { recursive: true })
    await sharp(pixels.subarray(i * 784, (i + 1) * 784), { raw: { width: 28, height: 28, channels: 1 } })
      .resize(28, 28)
      .png()
      .toFile(join(cwd, file))
    lines.push(`${file},${labels[i]!}`)
  }
  writeFileSync(join(cwd, 'fashion.csv'), `path,label\n${lines.join('\n')}\n`)
})

describe('measure on images of one’s own', () => {
  const arithmetic = ['--mean', '0.286', '--std', '0.353']

  it('in a folder: lists the layers, and says what it made of the data', async () => {
    const call = ['measure', 'lenet.onnx', '--data', 'fashion', '--labels', 'labels.txt', ...arithmetic, ...brief]
    const { code, stdout, stderr } = await loadbearing([...call, '--out', 'folder'], { cwd })
    expect(code, stderr).toBe(0)
    const [, accuracy] = /points of accuracy lost, from ([\d.]+) % of 30 images\.\n/.exec(stdout) ?? []
    expect(Number(accuracy)).toBeGreaterThan(70)
    expect(stdout).toMatch(/conv1\.weight/)
    const again = await loadbearing([...call, '--out', 'folder'], { cwd })
    expect(again.stdout).toBe(stdout)
    expect(again.stderr).toMatch(/: all measured\./)
  })

  it('in a CSV, stretched to what the model takes: the same images, the same accuracy', async () => {
    const call = ['measure', 'lenet.onnx', '--data', 'fashion.csv', '--resize', '28x28', '--crop', '28', ...arithmetic]
    const found = (await jsonOutput([...call, ...brief, '--out', 'csv'], { cwd })) as { layers: unknown[] }[]
    expect(found).toHaveLength(1)
    expect(found[0]!.layers).toHaveLength(5)
  })

  it('of another shape says how they are resized', async () => {
    mkdirSync(join(cwd, 'large', 'only'), { recursive: true })
    mkdirSync(join(cwd, 'large', 'other'))
    const blank = { width: 50, height: 40, channels: 3 as const, background: 'red' }
    for (const file of ['only/1.png', 'only/2.png', 'other/3.png', 'other/4.png']) {
      await sharp({ create: blank })
        .png()
        .toFile(join(cwd, 'large', file))
    }
    writeFileSync(join(cwd, 'names.json'), '{"only": 3, "other": 4}')
    const call = ['measure', 'lenet.onnx', '--data', 'large', '--labels', 'names.json', ...brief]
    const { code, stderr } = await loadbearing([...call, '--images', '2', '--out', 'blank'], { cwd })
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('large has images of 2 of the 10 classes that lenet tells apart.')
    expect(stderr).toContain('The images of large are resized straight to 28×28, whatever their shape;')
  })

  it.each([
    [
      'classes that are not the model’s',
      ['--data', 'large'],
      'large has images of 2 classes (only, other), but lenet tells 10 apart.',
      /Say which output each class is: --labels FILE.*/,
    ],
    ['no such folder', ['--data', 'none'], /The images none cannot be read: .*/, /Name a folder .*, or zoo:NAME\./],
    [
      'a crop that the model does not take',
      ['--data', 'fashion.csv', '--crop', '20'],
      'The preprocessing ends at 20×20, but lenet takes 28×28.',
      /Resize or crop .*--crop 28x28\./,
    ],
    [
      'a resize that the model does not take',
      ['--data', 'fashion.csv', '--resize', '28x14'],
      'The preprocessing ends at 28×14, but lenet takes 28×28.',
      /Resize or crop .*--crop 28x28\./,
    ],
  ] as const)('%s: refused', async (_what, data, sentence, hint) => {
    await expectRefusal(['measure', 'lenet.onnx', ...data, ...brief], { code: 'input', sentence, hint }, { cwd })
  })
})

describe('a model as people have it', () => {
  it('keeps its weights in a file beside it', async () => {
    const folder = temporaryFolder()
    const model = ModelProto.decode(classifier())
    const [weight] = model.graph!.initializer!
    mkdirSync(join(folder, 'models'))
    writeFileSync(join(folder, 'models', 'mine.bin'), new Uint8Array(Float32Array.from(weight!.floatData!).buffer))
    weight!.floatData = []
    weight!.dataLocation = TensorProto.DataLocation.EXTERNAL
    weight!.externalData = [{ key: 'location', value: 'mine.bin' }]
    writeFileSync(join(folder, 'models', 'mine.onnx'), ModelProto.encode(model).finish())
    const found = await jsonOutput(['layers', 'models/mine.onnx'], { cwd: folder })
    expect(found).toMatchObject({ layers: [{ name: 'w', weightShape: [784, 10] }] })
  })

  it('leaves the size of its images open, and says it in a preprocessor_config.json', async () => {
    const folder = temporaryFolder()
    const model = ModelProto.decode(classifier(3))
    const { dim } = model.graph!.input![0]!.type!.tensorType!.shape!
    model.graph!.input![0]!.type!.tensorType!.shape!.dim = dim!.map((_, axis) => ({ dimParam: 'bchw'[axis]! }))
    writeFileSync(join(folder, 'mine.onnx'), ModelProto.encode(model).finish())
    const refused = await loadbearing(['layers', 'mine.onnx'], { cwd: folder })
    expect(refused.stderr).toMatch(/is open/)
    const config = { image_processor_type: 'ViTImageProcessor', size: { height: 28, width: 28 } }
    writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(config))
    expect(await jsonOutput(['layers', 'mine.onnx'], { cwd: folder })).toMatchObject({ input: { shape: [3, 28, 28] } })
  })
})
