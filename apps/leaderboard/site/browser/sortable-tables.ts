/** Makes the headings of every table[data-sortable] buttons that sort its rows by their cells' data-value. */
for (const table of document.querySelectorAll<HTMLTableElement>('table[data-sortable]')) {
  for (const heading of table.querySelectorAll<HTMLTableCellElement>('th[data-sort]')) makeSortable(table, heading)
}

function makeSortable(table: HTMLTableElement, heading: HTMLTableCellElement): void {
  const title = heading.querySelector('[data-heading]')
  if (!title) return
  const button = document.createElement('button')
  button.type = 'button'
  button.append(...title.childNodes)
  title.replaceChildren(button)
  button.addEventListener('click', () => {
    const first = heading.dataset.sort === 'low' ? 'ascending' : 'descending'
    const again = first === 'ascending' ? 'descending' : 'ascending'
    const direction = heading.getAttribute('aria-sort') === first ? again : first
    for (const other of table.querySelectorAll('th[aria-sort]')) other.removeAttribute('aria-sort')
    heading.setAttribute('aria-sort', direction)
    sortRows(table)
  })
}

/** Brings rows into the order that the heading with aria-sort asks for; empty cells last, ties as they stand in the published order. */
export function sortRows(table: HTMLTableElement): void {
  const heading = table.querySelector<HTMLTableCellElement>('th[aria-sort]')
  const body = table.tBodies[0]
  if (!heading || !body) return
  const key = heading.dataset.key ?? ''
  const sign = heading.getAttribute('aria-sort') === 'ascending' ? 1 : -1
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, key), place: Number(row.dataset.place) }))
  rows.sort((a, b) => {
    if (a.value === null || b.value === null)
      return Number(a.value === null) - Number(b.value === null) || a.place - b.place
    const order =
      typeof a.value === 'number' && typeof b.value === 'number'
        ? a.value - b.value
        : String(a.value).localeCompare(String(b.value), 'en')
    return sign * order || a.place - b.place
  })
  body.append(...rows.map(({ row }) => row))
}

function valueOf(row: HTMLTableRowElement, key: string): number | string | null {
  const text = row.querySelector<HTMLElement>(`[data-column='${key}']`)?.dataset.value ?? ''
  if (text === '') return null
  return Number.isNaN(Number(text)) ? text : Number(text)
}
