import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openUserImages } from '../src/index.ts'
import { allOf, asked, colours, size } from './opened.ts'
import { picture, png } from './pictures.ts'
import { folderWith } from './temporary-folder.ts'

describe('a folder with one subfolder a class', () => {
  const folder = async () =>
    folderWith({
      'README.txt': 'what these are',
      'b/1.png': await png(10),
      'b/more/2.png': await png(20),
      'b/.DS_Store': '',
      'B/3.png': await png(30),
      'a/4.png': await png(40),
      '.cache/5.png': await png(50),
    })

  it('gives the images their class by the byte order of the subfolders', async () => {
    const images = await allOf(await folder(), 3)
    expect(images.classes).toEqual(['B', 'a', 'b'])
    expect(images.shape).toEqual([3, 4, 6])
    expect([...images.labels]).toEqual([0, 1, 2, 2])
    expect(await colours(images)).toEqual([30, 40, 10, 20])
    expect(await colours(images, [3, 0, 3])).toEqual([20, 30, 20])
  })

  it('gives them the output that a file names: an array, an object, or a line each', async () => {
    const files = folderWith({
      'list.json': '["fish", "b", "a", "B"]',
      'map.json': '{"a": 2, "b": 1, "B": 3}',
      'lines.txt': 'fish\r\nb\r\na\r\nB\r\n',
    })
    for (const name of ['list.json', 'map.json', 'lines.txt']) {
      const images = await allOf(await folder(), 4, join(files, name))
      expect([...images.labels]).toEqual([3, 2, 1, 1])
      expect(images.classes.slice(1)).toEqual(['b', 'a', 'B'])
    }
    const { notes } = await openUserImages(await folder(), asked(4, join(files, 'list.json')))
    expect(notes).toEqual([expect.stringMatching(/has images of 3 of the 4 classes that mine tells apart\.$/)])
  })

  it('gives them the output that the id2label of a config.json near the model names, and says so', async () => {
    const config = (...names: string[]) =>
      JSON.stringify({ model_type: 'vit', id2label: Object.fromEntries(names.entries()) })
    const opened = async (files: Record<string, string>, count: number, labels?: string) => {
      const { images, notes } = await openUserImages(await folder(), {
        ...asked(count, labels),
        file: join(folderWith({ 'onnx/model.onnx': '', ...files }), 'onnx', 'model.onnx'),
      })
      const { labels: found, classes } = images('all', 3, size, {})
      return { labels: [...found], classes, notes }
    }
    const said = expect.stringMatching(/^The classes of .* are the outputs that .*config\.json names\.$/) as string
    const ofB = { labels: [1, 0, 2, 2], classes: ['a', 'B', 'b'], notes: [said] }
    expect(await opened({ 'onnx/config.json': config('a', 'B', 'b') }, 3)).toEqual(ofB)
    expect(await opened({ 'config.json': config('a', 'B', 'b') }, 3)).toEqual(ofB)
    const more = await opened({ 'config.json': config('crane', 'b', 'crane', 'a', 'B') }, 5)
    expect(more).toMatchObject({ labels: [4, 3, 1, 1], notes: [said, expect.stringContaining('3 of the 5 classes')] })
    // Where it does not name every class of the data once, or is something else: the order of the bytes, as without it.
    for (const text of [config('LABEL_0', 'LABEL_1', 'LABEL_2'), config('a', 'B', 'a', 'b'), '{"id2label": 3}', '{']) {
      expect(await opened({ 'config.json': text }, 3)).toEqual({
        labels: [0, 1, 2, 2],
        classes: ['B', 'a', 'b'],
        notes: [],
      })
    }
    // Who names a file of labels is followed.
    const named = join(folderWith({ 'l.json': '["b", "a", "B"]' }), 'l.json')
    expect(await opened({ 'config.json': config('a', 'B', 'b') }, 3, named)).toMatchObject({
      labels: [2, 1, 0, 0],
      notes: [],
    })
  })

  it('of more than ten numbered classes says in which order they are', async () => {
    const files = Object.fromEntries(
      await Promise.all(Array.from({ length: 11 }, async (_, i) => [`${i}/x.png`, await png(i)] as const)),
    )
    const { notes } = await openUserImages(folderWith(files), asked(11))
    expect(notes).toEqual([expect.stringMatching(/in the order of their bytes, .*: 0, 1, 10, 2, …; .*--labels\.$/)])
  })

  it.each([
    ['is empty', {}, /^The folder .* is empty\.$/, /FOLDER\/CLASS\/IMAGE/],
    ['has no subfolders', { 'x.png': '' }, /^The folder .* has no subfolders: /, /FOLDER\/CLASS\/IMAGE/],
    [
      'has a class without images',
      { 'a/x.png': '', 'b/.keep': '' },
      /^The folder b in .* holds no images\.$/,
      /remove/,
    ],
    [
      'has fewer classes than the model',
      { 'a/x.png': '' },
      /has images of 1 classes \(a\), but mine tells 2 apart\.$/,
      /--labels FILE/,
    ],
    [
      'has more classes than the model',
      { 'a/x.png': '', 'b/x.png': '', 'c/x.png': '' },
      /has images of 3 classes \(a, b, c\), but mine tells 2 apart\.$/,
      /leave out/,
    ],
  ])('that %s is refused', async (_what, files, sentence, hint) => {
    await expect(openUserImages(folderWith(files), asked(2))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(sentence) as string,
      hint: expect.stringMatching(hint) as string,
    })
  })

  it('with a class that the file of names lacks is refused, naming an image of it', async () => {
    const labels = join(folderWith({ 'l.json': '["a", "b"]' }), 'l.json')
    await expect(openUserImages(await folder(), asked(2, labels))).rejects.toThrow(
      /^B\/3\.png in loadbearing-.* is of the class 'B', which is none of the 2 named\.$/,
    )
    const many = join(folderWith({ 'l.json': '["a", "b", "B"]' }), 'l.json')
    await expect(openUserImages(await folder(), asked(2, many))).rejects.toThrow(
      /^B\/3\.png in .* is of class 'B' \(2\), but mine tells only 2 apart: 0 to 1\.$/,
    )
  })

  it.each([
    ['["a", "b", "a"]', /^Several outputs are named 'a', and .* has images of that class\.$/],
    ['{"a": "first"}', /holds no class names/],
    ['[1, 2]', /holds no class names/],
  ])('with the names %s is refused', async (names, sentence) => {
    const labels = join(folderWith({ 'l.json': names }), 'l.json')
    await expect(openUserImages(await folder(), asked(3, labels))).rejects.toThrow(sentence)
  })
})

describe('files that are no images', () => {
  const mixed = async () =>
    folderWith({
      'a/1.png': await png(1),
      'a/2.png': (await png(2)).subarray(0, 60),
      'a/3.txt': 'cats',
      'b/4.png': '',
      'b/5.jpg': 'x',
    })

  it('are named, the first three, by the fingerprint, before anything is measured', async () => {
    const images = await allOf(await mixed(), 2)
    await expect(images.fingerprint()).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(
        /^[34] files of .* cannot be read as images: a\/[23]\..* \(.*\), .*, .*/,
      ) as string,
      hint: expect.stringMatching(/^JPEG, PNG, WebP, GIF, TIFF and AVIF are read\./) as string,
    })
  })

  it('are named when they are read', async () => {
    const images = await allOf(await mixed(), 2)
    expect(await colours(images, [0])).toEqual([1])
    await expect(images.read([0, 1])).rejects.toThrow(/^A file of .* cannot be read as an image: a\/2\.png \(.*\)\.$/)
  })
})

describe('an image', () => {
  const only = async (file: Buffer): Promise<Uint8Array> => {
    const images = await allOf(folderWith({ 'a/x': file, 'b/y': file }), 2)
    return images.read([0])
  }
  const plane = (value: number) => [0, ...new Array<number>(23).fill(value)]
  const expected = [200, 100, 50].flatMap(plane)

  it.each(['png', 'webp', 'tiff', 'avif'] as const)('is decoded from %s', async (format) => {
    const file = await picture([200, 100, 50])
      .toFormat(format, { lossless: true, quality: 100, compression: format === 'tiff' ? 'lzw' : 'av1' })
      .toBuffer()
    expect([...(await only(file))]).toEqual(expected)
  })

  it('is decoded from JPEG and GIF, which keep colours about', async () => {
    for (const format of ['jpeg', 'gif'] as const) {
      const bytes = await only(await picture([200, 100, 50]).toFormat(format).toBuffer())
      for (const channel of [0, 1, 2])
        expect(Math.abs(bytes[24 * channel + 23]! - expected[24 * channel + 23]!)).toBeLessThan(9)
    }
  })

  it('loses its alpha and keeps its colours, also where it is transparent', async () => {
    expect([...(await only(await picture([200, 100, 50]).ensureAlpha(0).png().toBuffer()))]).toEqual(expected)
  })

  it('of one channel or of 16 bits is decoded as well', async () => {
    const grey = await picture([90, 90, 90]).toColourspace('b-w').png().toBuffer()
    expect([...(await only(grey))]).toEqual([90, 90, 90].flatMap(plane))
    const deep = await picture([200, 100, 50]).toColourspace('rgb16').png().toBuffer()
    expect([...(await only(deep))]).toEqual(expected)
  })

  it('stands upright by its EXIF orientation', async () => {
    // Stored on its side: the black pixel is at the top left once it is turned back.
    const turned = await picture([200, 100, 50]).rotate(-90).png().toBuffer()
    const { default: sharp } = await import('sharp')
    expect([...(await only(await sharp(turned).withMetadata({ orientation: 6 }).png().toBuffer()))]).toEqual(expected)
  })

  it('of another size than the model takes is refused, where nothing resizes it', async () => {
    const file = await picture([1, 2, 3], { height: 5, width: 6 }).png().toBuffer()
    await expect(only(file)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^a\/x in .* is 6×5 after its preprocessing, but the model takes 6×4\.$/,
      ) as string,
      hint: expect.stringContaining('--crop 6x4') as string,
    })
  })
})

describe('the fingerprint', () => {
  const print = async (files: Record<string, Buffer>, labels?: string) =>
    (await allOf(folderWith(files), 2, labels)).fingerprint()

  it('changes with a file, its path and its class, and with nothing else', async () => {
    const [one, two] = [await png(1), await png(2)]
    const files = { 'a/x.png': one, 'b/y.png': two }
    const before = await print(files)
    expect(before).toMatch(/^[0-9a-f]{64}$/)
    expect(await print({ ...files, 'README.md': one })).toBe(before)
    expect(await print({ 'b/y.png': two, 'a/x.png': one })).toBe(before)
    const swapped = join(folderWith({ 'l.json': '["b", "a"]' }), 'l.json')
    const others = [
      await print({ 'a/x.png': two, 'b/y.png': two }),
      await print({ 'a/z.png': one, 'b/y.png': two }),
      await print({ ...files, 'b/z.png': one }),
      await print(files, swapped),
    ]
    expect(new Set([before, ...others]).size).toBe(5)
  })

  it('is the same for both parts of a split, and does not depend on the size', async () => {
    const { images } = await openUserImages(folderWith({ 'a/x.png': await png(1), 'b/y.png': await png(2) }), asked(2))
    const prints = [images('all', 3, size, {}), images('test', 1, { height: 9, width: 9 }, {})].map((set) =>
      set.fingerprint(),
    )
    expect(new Set(await Promise.all(prints)).size).toBe(1)
  })
})
