/** The types that a column can have: what every reader of Arrow opens. */
export type ColumnType = 'u8' | 'u16' | 'u32' | 'f32' | 'f64' | 'bool' | 'utf8'

/** One column of a table. */
export interface Column {
  readonly type: ColumnType
  readonly nullable: boolean
  /** What a number counts; null where it has no unit. */
  readonly unit: string | null
  readonly description: string
  /** The table whose rows an id counts; in that table itself the id is the row's own number. */
  readonly refersTo?: string
}

/** A table of the dataset: the one declaration from which its Arrow schema, its TypeScript row and its documentation come. */
export interface TableDeclaration<C extends Record<string, Column> = Record<string, Column>> {
  readonly name: string
  readonly description: string
  readonly columns: C
}

type ValueOf<C extends Column> =
  | (C['type'] extends 'utf8' ? string : C['type'] extends 'bool' ? boolean : number)
  | (C['nullable'] extends true ? null : never)

/** A row of a table. */
export type RowOf<T extends TableDeclaration> = { -readonly [K in keyof T['columns']]: ValueOf<T['columns'][K]> }

/** The columns of a table, as arrays of equal length; booleans are 0 or 1. */
export type ColumnsOf<T extends TableDeclaration> = {
  readonly [K in keyof T['columns']]: T['columns'][K]['type'] extends 'utf8'
    ? readonly (string | null)[]
    : ArrayLike<number | null>
}

export function table<const C extends Record<string, Column>>(
  name: string,
  description: string,
  columns: C,
): TableDeclaration<C> {
  return { name, description, columns }
}

/** A column that is always filled. */
export function column<const T extends ColumnType>(
  type: T,
  description: string,
  unit: string | null = null,
): { type: T; nullable: false; unit: string | null; description: string } {
  return { type, nullable: false, unit, description }
}

/** A column that can be null. */
export function optional<const T extends ColumnType>(
  type: T,
  description: string,
  unit: string | null = null,
): { type: T; nullable: true; unit: string | null; description: string } {
  return { type, nullable: true, unit, description }
}

/** A column of ids: numbers of the rows of a table, from 0. */
export function idOf<const C extends Column>(refersTo: string, ids: C): C & { refersTo: string } {
  return { ...ids, refersTo }
}
