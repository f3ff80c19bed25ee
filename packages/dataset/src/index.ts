export type { Column, ColumnsOf, ColumnType, RowOf, TableDeclaration } from './columns.ts'
export { decodeColumns, decodeRows, type NumberColumns } from './decode.ts'
export { encodeColumns, encodeParts, encodeRows, formatVersion, schemaOf } from './encode.ts'
export { type Row, type TableName, tableNames, type Tables, tables } from './tables.ts'
