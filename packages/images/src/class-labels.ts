import { readFile } from 'node:fs/promises'
import { InputError } from '@loadbearing/core'
import { z } from 'zod'
import { reasonOf } from './file-failure.ts'
import { inByteOrder } from './names.ts'
import type { StoredImages } from './stored-images.ts'

/** The classes of images as a model's outputs. */
export interface ClassLabels {
  /** Output of each image. */
  readonly labels: Int32Array
  /** By index of the output. */
  readonly classes: readonly string[]
  /** Sentences for a person on what was understood, where it might be something else. */
  readonly notes: readonly string[]
}

/** Which index of a model's output each class has. Two outputs may have one name, as 'crane' in ImageNet. */
export type OutputNames = readonly (readonly [name: string, output: number])[]

const byName = z.union([z.array(z.string()), z.record(z.string(), z.int().nonnegative())])

const labelsHint =
  'Write a JSON array of the class names in the order of the outputs, a JSON object of name to index, or one name a line.'

/**
 * Reads which output stands for which class: a JSON array of names in the order of the outputs, a JSON object from name to index, or a
 * text with one name a line.
 *
 * @throws InputError when it is missing or something else
 */
export async function readOutputNames(path: string): Promise<OutputNames> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InputError(`The class names ${path} cannot be read: ${reasonOf(cause)}.`, { hint: labelsHint, cause })
  })
  const names = /^\s*[[{]/.test(text)
    ? fromJson(text, path)
    : text
        .replace(/^\uFEFF/, '')
        .trimEnd()
        .split(/\r?\n/)
  return Array.isArray(names) ? names.map((name, index) => [name.trim(), index] as const) : Object.entries(names)
}

function fromJson(text: string, path: string): string[] | Record<string, number> {
  try {
    return byName.parse(JSON.parse(text))
  } catch (cause) {
    throw new InputError(`${path} holds no class names.`, { hint: labelsHint, cause })
  }
}

/** Whether the classes of the data are told by names, and each of them is the name of one of so many outputs. */
export function namesAll(outputs: OutputNames, { labels, classNames }: StoredImages, count: number): boolean {
  return [...new Set(labels)].every((label) => {
    const name = typeof label === 'number' ? classNames?.[label] : label
    const [first, ...others] = outputs.filter((pair) => pair[0] === name)
    return first !== undefined && others.length === 0 && first[1] < count
  })
}

/**
 * Which output of a model each image belongs to.
 *
 * - A whole number is the index of the output. Where the data name their indices, they must name as many as the model has outputs,
 *   or `outputs` must be named: then names decide.
 * - A name is looked up in `outputs`; without them, the classes of the data in the order of their bytes are the outputs 0, 1, … and
 *   must be as many.
 *
 * @param count outputs of the model
 * @param model what to call it in errors
 * @throws InputError naming the image and the class that is unknown or beyond the last output, or the classes where they are too many or few
 */
export function classLabels(
  { name, keys, labels: given, classNames }: StoredImages,
  {
    outputs,
    count,
    model,
  }: { readonly outputs: OutputNames | undefined; readonly count: number; readonly model: string },
): ClassLabels {
  const named = given.map((label) => (outputs && typeof label === 'number' ? (classNames?.[label] ?? label) : label))
  const own = [...new Set(named.filter((label) => typeof label === 'string'))].sort(inByteOrder)
  const told = own.length > 0 ? own : (classNames ?? [])
  if (!outputs && told.length > 0 && told.length !== count) throw otherNumber(name, told, model, count)
  const pairs = outputs ?? own.map((label, index) => [label, index] as const)
  const indices = new Map(pairs)
  const several = own.find((label) => pairs.filter(([other]) => other === label).length > 1)
  if (several !== undefined) {
    throw new InputError(`Several outputs are named '${several}', and ${name} has images of that class.`, {
      hint: 'Give each of them a name of its own in --labels.',
    })
  }
  const labels = Int32Array.from(named, (label, image) => {
    const index = typeof label === 'number' ? label : indices.get(label)
    if (index === undefined) {
      throw new InputError(
        `${keys[image]!} in ${name} is of the class '${label}', which is none of the ${indices.size} named.`,
        {
          hint: 'Name it in --labels as the data do, or leave its images out.',
        },
      )
    }
    if (index < count) return index
    throw new InputError(
      `${keys[image]!} in ${name} is of class ${typeof label === 'number' ? index : `'${label}' (${index})`}, but ${model} tells only ${count} apart: 0 to ${count - 1}.`,
      {
        hint: 'Choose the data that the model was trained on, or map the names of their classes to outputs: --labels FILE.',
      },
    )
  })
  const classes = Array.from({ length: count }, (_, index) => classNames?.[index] ?? String(index))
  for (const [label, index] of pairs) if (index < count) classes[index] = label
  return { labels, classes, notes: notesOf(name, labels, own, { outputs, count, model }) }
}

function otherNumber(name: string, own: readonly string[], model: string, count: number): InputError {
  const some = own.length > 8 ? [...own.slice(0, 6), '…', own.at(-1)!] : own
  return new InputError(
    `${name} has images of ${own.length} classes (${some.join(', ')}), but ${model} tells ${count} apart.`,
    {
      hint:
        own.length < count
          ? 'Say which output each class is: --labels FILE, the names of all classes in the order of the outputs.'
          : 'Choose the data that the model was trained on, or leave out what is no class.',
    },
  )
}

function notesOf(
  name: string,
  labels: Int32Array,
  own: readonly string[],
  {
    outputs,
    count,
    model,
  }: { readonly outputs: OutputNames | undefined; readonly count: number; readonly model: string },
): string[] {
  const present = new Set(labels).size
  const notes = []
  if (present < count) notes.push(`${name} has images of ${present} of the ${count} classes that ${model} tells apart.`)
  const numbered = !outputs && own.length > 10 && own.every((label) => /^\d+$/.test(label))
  if (numbered && own.some((label) => label.length !== own[0]!.length)) {
    notes.push(
      `The classes of ${name} are numbers in the order of their bytes, as torchvision sorts them: ${own.slice(0, 4).join(', ')}, …; if the model's outputs are in the order of the numbers, say so by --labels.`,
    )
  }
  return notes
}
