import { type Leaderboard, leaderboard, type TruthKind } from '@loadbearing/ranking'
import { type RankingData, tasksOf } from '../leaderboard/ranking-data.ts'

/** Which tasks to rank on, by name; all where empty. */
export interface Choice {
  readonly perturbation: string
  readonly model: string
}

/** A table over the chosen tasks. */
export interface RankedAgain {
  readonly board: Leaderboard
  /** Chosen tasks that count. */
  readonly counting: number
  /** All tasks of this kind of truth. */
  readonly tasks: number
}

let loaded: Promise<RankingData> | undefined

/** Ranks on the chosen tasks, with the code and the random stream that made the published table. */
export async function rankAgain(kind: TruthKind, { perturbation, model }: Choice): Promise<RankedAgain> {
  loaded ??= load()
  const data = await loaded.catch((error: unknown) => {
    // The next choice asks again.
    loaded = undefined
    throw error
  })
  const tasks = tasksOf(data, kind)
  const chosen = tasks.filter(
    (task) => (perturbation === '' || task.perturbation === perturbation) && (model === '' || task.model === model),
  )
  return {
    board: leaderboard(chosen, data.criteria, { seed: [kind] }),
    counting: chosen.filter(({ counts }) => counts).length,
    tasks: tasks.length,
  }
}

async function load(): Promise<RankingData> {
  const answer = await fetch('/data/ranking.json')
  if (!answer.ok) throw new Error(`${answer.url} answers ${answer.status}.`)
  return (await answer.json()) as RankingData
}
