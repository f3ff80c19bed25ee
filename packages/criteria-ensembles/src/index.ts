export { learned } from './learned.ts'
export { rankAverageGradients } from './rank-average-gradients.ts'
export { rankAverageResponse } from './rank-average-response.ts'
export { rankAverageViews } from './rank-average-views.ts'
