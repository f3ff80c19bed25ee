import './sortable-tables.ts'
import './theme.ts'

// Only the leaderboard has something to choose.
if (document.querySelector('[data-choice]')) await import('./choice.ts')
