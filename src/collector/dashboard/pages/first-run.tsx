/** The page of a collector that has nothing yet: how to point something at it. It goes by itself when the first operation is there. */
import type { DashboardSettings } from '../../show/settings.js'
import { waysTo } from '../first-run.js'
import { Code } from '../query-dialog.js'

export function FirstRun({ settings }: { settings: DashboardSettings }) {
  const origin = new URL('.', location.href.replace(/#.*/, '')).href.replace(/\/$/, '')
  return (
    <main class="alone wide">
      <header class="welcome">
        <h1>Waiting for the first operation</h1>
        <p>
          The collector listens at <code>{origin}</code>. Point something at it, and this page turns into the dashboard.
        </p>
        <p class="pulse" role="status">
          <span class="dot" /> listening
        </p>
      </header>
      <div class="ways">
        {waysTo(origin, settings.has_tokens).map(({ title, hint, lines }) => (
          <section key={title} class="panel" aria-label={title}>
            <h2>{title}</h2>
            <p class="hint">{hint}</p>
            <Code text={lines} />
          </section>
        ))}
      </div>
    </main>
  )
}
