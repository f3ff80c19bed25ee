const root = document.documentElement
const toggle = document.querySelector<HTMLButtonElement>('[data-theme-toggle]')

function isDark(): boolean {
  return root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
}

if (toggle) {
  const show = (): void => {
    toggle.textContent = isDark() ? 'Light' : 'Dark'
    toggle.setAttribute('aria-label', `Use ${isDark() ? 'light' : 'dark'} colours`)
  }
  toggle.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    try {
      localStorage.setItem('theme', root.dataset.theme)
    } catch {
      // Storage may be forbidden: the choice then lasts for this page.
    }
    show()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show)
  show()
  toggle.hidden = false
}
