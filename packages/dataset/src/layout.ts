/**
 * Checks every count, offset and length that a reader of an Arrow file follows. Arrow's own reader does not: on one changed byte it can
 * look at a billion fields that are not there, or for ever for a batch.
 *
 * The layout is that of Arrow's File.fbs, Message.fbs and Schema.fbs: tables of optional fields, known by their number.
 *
 * @param bytes a file that ends with Arrow's mark
 * @throws RangeError on what leads out of the file
 */
export function checkLayout(bytes: Uint8Array): void {
  const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = file.byteLength - endSize
  const length = file.getInt32(end, true)
  const view = part(file, end - length, length)
  const budget = budgetOf(view)
  const footer = offset(view, 0)
  const schema = tableAt(view, footer, fieldOf.footer.schema)
  if (schema === 0) throw new RangeError('it has no schema')
  checkSchema(view, schema, budget)
  for (const field of [fieldOf.footer.dictionaries, fieldOf.footer.batches]) {
    const { first, count } = vectorAt(view, footer, field, budget)
    for (let i = 0; i < count; i++) checkMessage(file, lengthAt(view, first + blockSize * i, end))
  }
}

/** Bytes after the footer: its length, and the mark. */
const endSize = 10

/** Bytes of a block in the footer (offset, lengths), of a field node (length, null count) and of a buffer (offset, length). */
const [blockSize, structSize] = [24, 16]

/** Numbers of the fields of each table. */
const fieldOf = {
  footer: { schema: 1, dictionaries: 2, batches: 3 },
  schema: { fields: 1, metadata: 2, features: 3 },
  field: { children: 5, metadata: 6 },
  message: { headerType: 1, header: 2, bodyLength: 3 },
  dictionaryBatch: { data: 1 },
  recordBatch: { nodes: 1, buffers: 2, variadicCounts: 4 },
} as const

/** Kinds of message that a block can be. */
const [dictionaryBatch, recordBatch] = [2, 3]

function checkMessage(file: DataView, at: number): void {
  if (file.getInt32(at, true) !== -1) throw new RangeError(`there is no message at byte ${at}`)
  const length = file.getInt32(at + 4, true)
  const view = part(file, at + 8, length)
  const budget = budgetOf(view)
  const message = offset(view, 0)
  const type = valueAt(view, message, fieldOf.message.headerType)
  const header = tableAt(view, message, fieldOf.message.header)
  const kind = type === 0 || header === 0 ? 0 : view.getUint8(type)
  if (kind === dictionaryBatch) {
    checkBatch(view, tableAt(view, header, fieldOf.dictionaryBatch.data), budget, file.byteLength)
  } else if (kind === recordBatch) checkBatch(view, header, budget, file.byteLength)
  else throw new RangeError(`the message at byte ${at} is of the kind ${kind}`)
  const bodyLength = valueAt(view, message, fieldOf.message.bodyLength)
  if (bodyLength > 0) lengthAt(view, bodyLength, file.byteLength - at - 8 - length)
}

function part(file: DataView, start: number, length: number): DataView {
  return new DataView(file.buffer, file.byteOffset + start, length)
}

/** An item takes four bytes or more. */
function budgetOf(view: DataView): Budget {
  return { items: view.byteLength / 4 }
}

/** How many items the vectors of a message may still hold. */
interface Budget {
  items: number
}

function checkSchema(view: DataView, schema: number, budget: Budget): void {
  checkTables(view, schema, fieldOf.schema.metadata, budget)
  vectorAt(view, schema, fieldOf.schema.features, budget)
  for (const field of checkTables(view, schema, fieldOf.schema.fields, budget)) checkField(view, field, budget)
}

function checkField(view: DataView, field: number, budget: Budget): void {
  checkTables(view, field, fieldOf.field.metadata, budget)
  for (const child of checkTables(view, field, fieldOf.field.children, budget)) checkField(view, child, budget)
}

function checkBatch(view: DataView, batch: number, budget: Budget, fileLength: number): void {
  const nodes = vectorAt(view, batch, fieldOf.recordBatch.nodes, budget)
  const buffers = vectorAt(view, batch, fieldOf.recordBatch.buffers, budget)
  vectorAt(view, batch, fieldOf.recordBatch.variadicCounts, budget)
  for (const { first, count } of [nodes, buffers]) {
    for (let i = 0; i < count; i++) {
      // A bit a row is the least that a column takes.
      lengthAt(view, first + structSize * i, 8 * fileLength)
      lengthAt(view, first + structSize * i + 8, 8 * fileLength)
    }
  }
}

/** Where the tables of a vector lie. */
function checkTables(view: DataView, table: number, field: number, budget: Budget): number[] {
  const { first, count } = vectorAt(view, table, field, budget)
  return Array.from({ length: count }, (_, i) => offset(view, first + 4 * i))
}

function vectorAt(view: DataView, table: number, field: number, budget: Budget): { first: number; count: number } {
  const vector = tableAt(view, table, field)
  if (vector === 0) return { first: 0, count: 0 }
  const count = view.getUint32(vector, true)
  budget.items -= count
  if (budget.items < 0) throw new RangeError('a message lists more than it can hold')
  return { first: vector + 4, count }
}

/** Where the table or vector in a field lies; 0 where there is none. */
function tableAt(view: DataView, table: number, field: number): number {
  const value = valueAt(view, table, field)
  return value === 0 ? 0 : offset(view, value)
}

/** Where the value of a field lies; 0 where there is none. */
function valueAt(view: DataView, table: number, field: number): number {
  const directory = table - view.getInt32(table, true)
  const entry = 4 + 2 * field
  // Signed, as Arrow's reader has it.
  if (entry >= view.getInt16(directory, true)) return 0
  const value = view.getInt16(directory + entry, true)
  if (value === 0) return 0
  if (value < 0) throw new RangeError('a table points backwards')
  return table + value
}

/** Follows an offset, which leads forward: so nothing holds itself. */
function offset(view: DataView, at: number): number {
  const distance = view.getInt32(at, true)
  if (distance <= 0) throw new RangeError('a message points backwards')
  return at + distance
}

function lengthAt(view: DataView, at: number, most: number): number {
  const length = Number(view.getBigInt64(at, true))
  if (length < 0 || length > most) throw new RangeError(`it speaks of ${length} rows or bytes`)
  return length
}
