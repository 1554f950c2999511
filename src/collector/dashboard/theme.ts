/** Light or dark: as the system has it, or as it was chosen here. */
import { useEffect, useState } from 'preact/hooks'

export type Theme = 'system' | 'light' | 'dark'
const KEY = 'tokmeter.theme'
const CHANGED = 'tokmeter-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme {
  try {
    const kept = localStorage.getItem(KEY)
    return kept === 'light' || kept === 'dark' ? kept : 'system'
  } catch {
    // A browser that keeps nothing.
    return 'system'
  }
}

const shown = (theme: Theme) => (theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme)

/** Puts the theme in force. To be called before anything is drawn. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = shown(chosen())
  dispatchEvent(new Event(CHANGED))
}

export function chooseTheme(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch {
    // Then it is for this page only.
  }
  document.documentElement.dataset['theme'] = shown(theme)
  dispatchEvent(new Event(CHANGED))
}

/** What is shown now. */
export function useTheme(): 'light' | 'dark' {
  const now = () => (document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light')
  const [theme, setTheme] = useState<'light' | 'dark'>(now)
  useEffect(() => {
    const look = () => setTheme(now())
    addEventListener(CHANGED, look)
    dark.addEventListener('change', applyTheme)
    return () => {
      removeEventListener(CHANGED, look)
      dark.removeEventListener('change', applyTheme)
    }
  }, [])
  return theme
}
