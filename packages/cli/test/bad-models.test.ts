import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { expectRefusal } from './command.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { classifier, withForeignOperator, withoutClasses, withoutLayers } from './tiny-models.ts'

const cwd = temporaryFolder(afterAll)
const files = {
  'text.onnx': Buffer.from('import torch\n'),
  'cut.onnx': classifier().subarray(0, 20_000),
  'no-layers.onnx': withoutLayers(),
  'no-classes.onnx': withoutClasses(),
  'foreign.onnx': withForeignOperator(),
  'nan.onnx': classifier(1, NaN),
  'colour.onnx': classifier(3),
  'good.onnx': classifier(),
}
for (const [name, bytes] of Object.entries(files)) writeFileSync(join(cwd, name), bytes)

describe('a model that cannot be measured is refused in a sentence', () => {
  it.each([
    [
      'text.onnx',
      'model',
      /text\.onnx is not an ONNX file, or it is cut off: .*/,
      'Export or download the model again.',
    ],
    ['cut.onnx', 'model', /cut\.onnx is not an ONNX file, or it is cut off: .*/, 'Export or download the model again.'],
    ['no-layers.onnx', 'model', /no-layers\.onnx has no layers: .*/, /.+/],
    [
      'no-classes.onnx',
      'model',
      /no-classes\.onnx is no classifier: .*'y' \[batch, 4, 26, 26\] in float32\./,
      /.*one score a class, or one probability by a Sigmoid\./,
    ],
    [
      'foreign.onnx',
      'engine',
      /onnxruntime cannot run foreign\.onnx: it has no operator Frobnicate\..*/,
      /.*standard operators.*/,
    ],
    ['nan.onnx', 'model', /The tensor 'w' .*NaN.*/, /.*Train or export it again\./],
    ['none.onnx', 'input', 'There is no file none.onnx.', /Name an ONNX file.*/],
    [
      'zoo:lenet-fashio',
      'input',
      "There is no network in the zoo called 'lenet-fashio'.",
      "Did you mean 'lenet-fashion'?",
    ],
  ] as const)('%s', async (model, code, sentence, hint) => {
    await expectRefusal(['layers', model], { code, sentence, hint }, { cwd })
  })
})

describe('what does not fit is refused before anything is measured', () => {
  const data = ['--data', 'zoo:fashion-mnist']
  it.each([
    [
      'images of another shape',
      ['measure', 'colour.onnx', ...data],
      'colour takes examples of shape [3, 28, 28], but the images of fashion-mnist are [1, 28, 28].',
      /Choose data .*/,
    ],
    [
      'no images',
      ['measure', 'good.onnx'],
      'good.onnx needs images to be measured on.',
      /.*--data zoo:fashion-mnist\./,
    ],
    [
      'more images than there are',
      ['measure', 'good.onnx', ...data, '--images', '10001'],
      '10001 images were asked for, but fashion-mnist has 10000 test images.',
      /.*--images 10000\./,
    ],
    [
      'unknown data',
      ['measure', 'good.onnx', '--data', 'zoo:fashion-mnis'],
      "There is no data in the zoo called 'fashion-mnis'.",
      "Did you mean 'fashion-mnist'?",
    ],
    [
      'an unknown perturbation',
      ['measure', 'zoo:lenet-fashion', '--perturbation', 'bit-flips'],
      "There is no perturbation called 'bit-flips'.",
      "Did you mean 'bit-flip'?",
    ],
    [
      'an unknown layer',
      ['perturb', 'zoo:lenet-fashion', '--layer', 'conv1.weigth', '--perturbation', 'bit-flip', '--intensity', '0.01'],
      "There is no layer in lenet-fashion called 'conv1.weigth'.",
      "Did you mean 'conv1.weight'?",
    ],
    [
      'means of two channels',
      ['measure', 'good.onnx', ...data, '--mean', '0.2,0.3'],
      'The preprocessing has 2 means and 1 deviations for 1 channels.',
      /Give --mean and --std one number a channel.*/,
    ],
  ] as const)('%s', async (_what, parameters, sentence, hint) => {
    await expectRefusal(parameters, { code: 'input', sentence, hint }, { cwd })
  })
  it('a folder without CIFAR-10', async () => {
    await expectRefusal(
      ['measure', 'zoo:resnet20-cifar10', '--cifar10', 'none'],
      {
        code: 'dataset',
        sentence: 'There is no file data_batch_1.bin in none.',
        hint: /--cifar10 names the folder .* without it, CIFAR-10 is fetched\./,
      },
      { cwd },
    )
  })
})
