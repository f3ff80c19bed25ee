import './sortable-tables.ts'
import './theme.ts'

// The statistics are for the one page that ranks again.
if (document.querySelector('[data-choice]')) await import('./choice.ts')
