import { leaderboard, type Track, truthKinds } from '@loadbearing/ranking'
import { rankingColumns } from '../leaderboard/columns.ts'
import { type RankingData, tasksOf } from '../leaderboard/ranking-data.ts'
import { whisker } from '../leaderboard/whisker.ts'
import { sortRows } from './sortable-tables.ts'

/** Ranks again, with the code that made the published table, on the tasks that a reader chooses; the address keeps the choice. */
const form = document.querySelector<HTMLFormElement>('[data-choice]')
const kind = truthKinds.find((each) => each === form?.dataset.kind)
if (form && kind) {
  let loaded: Promise<RankingData> | undefined
  const load = (): Promise<RankingData> =>
    (loaded ??= fetch('/data/ranking.json').then((answer) => answer.json() as Promise<RankingData>))
  const controls = ['perturbation', 'model'].map((name) => form.elements.namedItem(name))
  const [perturbations, models] = controls.filter((control) => control instanceof HTMLSelectElement)
  const status = document.querySelector('[data-choice-status]')

  const update = async (): Promise<void> => {
    const [perturbation, model] = [perturbations?.value ?? '', models?.value ?? '']
    const data = await load()
    const all = tasksOf(data, kind)
    const chosen = all.filter(
      (task) => (perturbation === '' || task.perturbation === perturbation) && (model === '' || task.model === model),
    )
    const counting = chosen.filter(({ counts }) => counts).length
    const board = leaderboard(chosen, data.criteria, { seed: [kind] })
    const scope = `Ranked on ${counting} of ${all.length} tasks.`
    for (const table of document.querySelectorAll<HTMLTableElement>('table[data-track]')) {
      const rows = board[table.dataset.track as Track]
      rows.forEach((row, place) => {
        const line = table.querySelector<HTMLElement>(`tr[data-criterion='${row.criterion}']`)
        if (!line) return
        line.dataset.place = String(place)
        line.querySelector('[data-place-text]')!.textContent = String(place + 1)
        line.querySelector('[data-chart]')!.innerHTML = whisker(row)
        for (const { key, value, text } of rankingColumns(kind)) {
          const cell = line.querySelector<HTMLElement>(`[data-column='${key}']`)!
          cell.textContent = text(row)
          cell.dataset.value = String(value(row) ?? '')
        }
      })
      table.querySelector('[data-scope]')!.textContent = scope
      sortRows(table)
    }
    for (const cell of document.querySelectorAll<HTMLElement>('td[data-model]')) {
      const isChosen =
        (model === '' || cell.dataset.model === model) &&
        (perturbation === '' || cell.dataset.perturbation === perturbation)
      cell.classList.toggle('unchosen', !isChosen)
    }
    if (status) {
      status.textContent =
        perturbation === '' && model === ''
          ? ''
          : counting === 0
            ? 'No task of this choice counts, so nothing can be said; see below why.'
            : `Ranked again in your browser, on ${counting} of ${all.length} tasks.`
    }
  }

  const keepInAddress = (): void => {
    const query = new URLSearchParams()
    if (perturbations?.value) query.set('perturbation', perturbations.value)
    if (models?.value) query.set('model', models.value)
    const search = query.size > 0 ? `?${query}` : ''
    history.replaceState(null, '', `${location.pathname}${search}`)
    for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-truth-link]')) link.search = search
  }

  const asked = new URLSearchParams(location.search)
  for (const select of [perturbations, models]) {
    const value = select && asked.get(select.name)
    if (value && [...select.options].some((option) => option.value === value)) select.value = value
  }
  form.hidden = false
  form.addEventListener('change', () => {
    keepInAddress()
    void update()
  })
  if (perturbations?.value || models?.value) {
    keepInAddress()
    void update()
  }
}
