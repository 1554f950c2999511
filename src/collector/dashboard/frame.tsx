/** What is around every page: the way to the others, the range, the filters. */
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { hashOf, PAGES, type Page, parseAddress } from './address.js'
import { useSubject } from './asking.js'
import { FilterBar } from './filter-bar.js'
import { Icon } from './icons.js'
import { LiveStatus } from './live-status.js'
import { QueryDialog } from './query-dialog.js'
import { RangePicker } from './range-picker.js'
import { logOut } from './session.js'
import { chooseTheme, useTheme } from './theme.js'

export const TITLES: { readonly [page in Page]: string } = {
  overview: 'Overview',
  cost: 'Cost',
  performance: 'Performance',
  errors: 'Errors',
  models: 'Models',
  operations: 'Operations',
  alerts: 'Alerts',
  system: 'System',
}

export function Frame({ page, children }: { page: Page; children: ComponentChildren }) {
  const { settings } = useSubject()
  useEffect(() => {
    document.title = `${TITLES[page]} · tokmeter`
  }, [page])
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        Skip to the numbers
      </button>
      <nav class="navigation" aria-label="Pages">
        <a class="brand" href={hashOf({ ...parseAddress(location.hash), page: 'overview', view: '' })}>
          <img src={new URL('./icon.svg', import.meta.url).href} alt="" width="26" height="26" />
          tokmeter
        </a>
        <ul>
          {PAGES.map((one) => (
            <li key={one}>
              <a
                href={hashOf({ ...parseAddress(location.hash), page: one, view: '' })}
                aria-current={one === page ? 'page' : undefined}
              >
                <Icon name={one} />
                <span>{TITLES[one]}</span>
              </a>
            </li>
          ))}
        </ul>
        <LiveStatus />
        <div class="navigation-foot">
          <ThemeButton />
          {settings.has_tokens && (
            <button type="button" class="tool" onClick={logOut} aria-label="Log out" title="Log out">
              <Icon name="leave" />
            </button>
          )}
        </div>
      </nav>
      <div class="page">
        <header class="top">
          <h1>{TITLES[page]}</h1>
          <RangePicker />
          <FilterBar />
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
      <QueryDialog withToken={settings.has_tokens} />
    </>
  )
}

function ThemeButton() {
  const theme = useTheme()
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <button
      type="button"
      class="tool"
      onClick={() => chooseTheme(other)}
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
    >
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  )
}
