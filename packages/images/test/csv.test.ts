import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openUserImages } from '../src/index.ts'
import { allOf, asked, colours } from './opened.ts'
import { png } from './pictures.ts'
import { folderWith } from './temporary-folder.ts'

const csv = async (text: string, name = 'images.csv'): Promise<string> =>
  join(
    folderWith({ 'p/1.png': await png(10), '2.png': await png(20), '3, odd.png': await png(30), [name]: text }),
    name,
  )

describe('a CSV file', () => {
  it.each([
    ['without a header', 'p/1.png,dog\n2.png,cat\n"3, odd.png",dog\n'],
    ['with one', '\uFEFFpath,label\r\np/1.png,dog\r\n2.png,cat\r\n"3, odd.png",dog\r\n'],
    [
      'with other columns, in another order',
      'id,Class,split,File_Name\n7,dog,val,p/1.png\n8,cat,val,2.png\n9,dog,val,"3, odd.png"\n',
    ],
    ['with other names, spaces and empty lines', 'image , label\n\np/1.png, dog\n2.png, cat\n\n"3, odd.png", dog\n'],
  ])('%s names the images and their classes', async (_what, text) => {
    const images = await allOf(await csv(text), 2)
    expect(images.name).toBe('images')
    expect(images.classes).toEqual(['cat', 'dog'])
    expect([...images.labels]).toEqual([0, 1, 1])
    expect(await colours(images)).toEqual([20, 30, 10])
  })

  it('of whole numbers names the outputs', async () => {
    const images = await allOf(await csv('p/1.png,7\n2.png,0\n'), 10)
    expect([...images.labels]).toEqual([0, 7])
    expect(images.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  })

  it.each([
    ['no lines', '', 'lists no images.'],
    ['a header alone', 'path,label\n', 'lists no images.'],
    ['a line without a label', 'p/1.png,dog\n2.png,\n', 'Line 2 of .* has no label.'],
    ['a line without a path', 'path,label\np/1.png,dog\n,cat\n', 'Line 3 of .* has no path.'],
    [
      'a header without labels',
      'path,kind\np/1.png,dog\n',
      'has no column of labels \\(label, .*\\); its first line is: path, kind.',
    ],
    ['three columns without names', 'p/1.png,dog,1\n', 'has no column of paths .*'],
    ['an image twice', 'p/1.png,dog\np/1.png,cat\n', 'lists p/1.png twice.'],
    ['an open quote', '"p/1.png,dog\n', 'is no CSV file: .*'],
    ['a missing file', 'p/1.png,dog\n9.png,cat\n', 'lists a file that is not there: 9.png \\(line 2\\).'],
    [
      'missing files',
      'f,cat\np/1.png,dog\ne,cat\nd,cat\nc,cat\n',
      'lists 4 files that are not there: f \\(line 1\\), e \\(line 3\\), d \\(line 4\\), ….',
    ],
    [
      'an output beyond the last',
      'p/1.png,2\n2.png,1\n',
      'p/1.png in images is of class 2, but mine tells only 2 apart: 0 to 1.',
    ],
  ])('with %s is refused', async (_what, text, sentence) => {
    await expect(openUserImages(await csv(text), asked(2))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(new RegExp(`${sentence}$`)) as string,
      hint: expect.any(String) as string,
    })
  })

  it('that is none, empty or missing is refused, saying what is read', async () => {
    const paths = [await csv('p/1.png,dog\n', 'images.txt'), await csv('', 'images.json'), 'none.csv']
    const sentences = [/is no Parquet, Arrow or CSV file\.$/, /is empty\.$/, /^The images none\.csv cannot be read: /]
    for (const [i, path] of paths.entries()) {
      await expect(openUserImages(path, asked(2))).rejects.toMatchObject({
        message: expect.stringMatching(sentences[i]!) as string,
        hint: expect.stringMatching(
          /one subfolder a class, a CSV file .*, a Parquet or Arrow file .*, or zoo:NAME/,
        ) as string,
      })
    }
  })
})
