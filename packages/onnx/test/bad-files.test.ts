import { ModelError } from '@loadbearing/core'
import { describe, expect, it } from 'vitest'
import { readModel } from '../src/index.ts'
import { file, proto } from './graph-builder.ts'
import { referenceModels } from './reference-models.ts'

const exportAgain = 'Export or download the model again.'

describe('what is no ONNX file', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(4096)],
    ['a text', Buffer.from('The quick brown fox jumps over the lazy dog.\n'.repeat(20))],
    ['a page that says it was not found', Buffer.from('<!DOCTYPE html>\n<html><body>404: Not Found</body></html>')],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n')],
    ['a zip archive', Buffer.from('504b0304140000000800', 'hex')],
    ['an image', png],
    ['a model without a graph', Buffer.from(proto.ModelProto.encode({ irVersion: 8 }).finish())],
    ['a graph without nodes', Buffer.from(file({ nodes: [] }))],
  ])('%s is told apart', async (_, bytes) => {
    await expect(readModel(bytes, { name: 'mine.onnx' })).rejects.toMatchObject({
      name: 'ModelError',
      code: 'model',
      message: expect.stringMatching(/^mine\.onnx is not an ONNX file, or it is cut off: .*[^.]\.$/) as string,
      hint: exportAgain,
    })
  })
})

describe.each((await referenceModels()).filter(({ name }) => ['convolutions', 'shared'].includes(name)))(
  'a file of $name that is cut off',
  ({ bytes, name }) => {
    it('is refused, wherever the cut is', async () => {
      const accepted: number[] = []
      for (let length = 0; length < bytes.length; length++) {
        const error: unknown = await readModel(bytes.subarray(0, length), { name }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (!(error instanceof ModelError && error.message !== '' && error.hint !== undefined)) accepted.push(length)
      }
      expect(accepted).toEqual([])
    })
  },
)

it('a file with any one byte changed is read or refused in a sentence, and never harms the process', async () => {
  const bytes = file()
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ change : byte))
      await readModel(changed, { name: 'changed' }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(model|engine)$/) as string })
      })
    }
  }
})
