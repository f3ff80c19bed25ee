import { type TruthKind, truthKinds } from '@loadbearing/ranking'
import { rankingColumns } from '../leaderboard/columns.ts'
import { whisker } from '../leaderboard/whisker.ts'
import type { Choice, RankedAgain } from './rank-again.ts'
import { sortRows } from './sortable-tables.ts'

/** Lets a reader choose the tasks that the leaderboard ranks on; the address keeps the choice. */
const form = document.querySelector<HTMLFormElement>('[data-choice]')
const kind = truthKinds.find((each) => each === form?.dataset.kind)
if (form && kind) offer(form, kind)

function offer(form: HTMLFormElement, kind: TruthKind): void {
  const selects = [...form.querySelectorAll('select')]
  const asked = new URLSearchParams(location.search)
  for (const select of selects) {
    const value = asked.get(select.name)
    if ([...select.options].some((option) => option.value === value)) select.value = value ?? ''
  }
  const valueOf = (name: string): string => selects.find((select) => select.name === name)?.value ?? ''
  const choice = (): Choice => ({ perturbation: valueOf('perturbation'), model: valueOf('model') })
  const isChosen = (): boolean => selects.some(({ value }) => value !== '')
  const update = async (): Promise<void> => {
    keepInAddress(selects)
    try {
      const { rankAgain } = await import('./rank-again.ts')
      const ranked = await rankAgain(kind, choice())
      for (const table of document.querySelectorAll<HTMLTableElement>('table[data-track]')) show(table, kind, ranked)
      dim(choice())
      say(isChosen() ? sentence(ranked) : '')
    } catch {
      say('The data could not be loaded; the table is the published one.')
    }
  }
  form.hidden = false
  form.addEventListener('change', () => void update())
  if (isChosen()) void update()
}

function keepInAddress(selects: readonly HTMLSelectElement[]): void {
  const query = new URLSearchParams(selects.filter(({ value }) => value !== '').map(({ name, value }) => [name, value]))
  const search = query.size > 0 ? `?${query}` : ''
  history.replaceState(null, '', location.pathname + search)
  for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-truth-link]')) link.search = search
}

/** Puts the numbers of a new ranking where those of the old one stand. */
function show(table: HTMLTableElement, kind: TruthKind, { board, counting, tasks }: RankedAgain): void {
  const rows = table.dataset.track === 'probe' ? board.probe : board.predictor
  rows.forEach((row, place) => {
    const line = table.querySelector<HTMLElement>(`tr[data-criterion='${row.criterion}']`)!
    line.dataset.place = String(place)
    line.querySelector('[data-place-text]')!.textContent = String(place + 1)
    line.querySelector('[data-chart]')!.innerHTML = whisker(row)
    for (const { key, value, text } of rankingColumns(kind)) {
      const cell = line.querySelector<HTMLElement>(`[data-column='${key}']`)!
      cell.textContent = text(row)
      cell.dataset.value = String(value(row) ?? '')
    }
  })
  table.querySelector('[data-scope]')!.textContent = `Ranked on ${counting} of ${tasks} tasks.`
  sortRows(table)
}

/** Fades the tasks that are not chosen. */
function dim({ perturbation, model }: Choice): void {
  for (const cell of document.querySelectorAll<HTMLElement>('td[data-model]')) {
    const isIn = (chosen: string, its: string | undefined): boolean => chosen === '' || chosen === its
    cell.classList.toggle(
      'unchosen',
      !isIn(model, cell.dataset.model) || !isIn(perturbation, cell.dataset.perturbation),
    )
  }
}

function sentence({ counting, tasks }: RankedAgain): string {
  return counting === 0
    ? 'No task of this choice counts, so nothing can be said; see below why.'
    : `Ranked again in your browser, on ${counting} of ${tasks} tasks.`
}

function say(text: string): void {
  document.querySelector('[data-choice-status]')!.textContent = text
}
