import { dataset } from 'virtual:loadbearing/dataset'
import { rankingData } from '../../leaderboard/ranking-data.ts'

/** What a browser ranks again with. */
export function GET(): Response {
  return Response.json(rankingData(dataset))
}
