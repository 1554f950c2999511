/** The dashboard as a whole: the way in, the first run, and then the pages. */
import type { FunctionComponent } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { DashboardSettings } from '../show/settings.js'
import { type Page, useAddress } from './address.js'
import { answerOf, request, Unanswered, whenUnauthorised } from './api.js'
import { type Subject, SubjectContext } from './asking.js'
import { Frame } from './frame.js'
import { LiveContext, useLiveStream } from './live-context.js'
import { Alerts } from './pages/alerts.js'
import { Cost } from './pages/cost.js'
import { Errors } from './pages/errors.js'
import { FirstRun } from './pages/first-run.js'
import { Login } from './pages/login.js'
import { Models } from './pages/models.js'
import { Operations } from './pages/operations.js'
import { Overview } from './pages/overview.js'
import { Performance } from './pages/performance.js'
import { System } from './pages/system.js'
import { refreshOf, spanOf } from './range.js'
import { ErrorState } from './states.js'

const CONTENT: { readonly [page in Page]: FunctionComponent } = {
  overview: Overview,
  cost: Cost,
  performance: Performance,
  errors: Errors,
  models: Models,
  operations: Operations,
  alerts: Alerts,
  system: System,
}

/** How often it is looked again for a collector that is away, and for the first operation, in milliseconds. */
const LOOK_AGAIN_MS = 2000
/** As far back as anything is kept. */
const ALL_MS = 1829 * 86_400_000

type State =
  | { readonly is: 'waiting' }
  | { readonly is: 'login' }
  | { readonly is: 'failed'; readonly error: Unanswered }
  | { readonly is: 'empty' | 'ready'; readonly settings: DashboardSettings; readonly ahead: number }

export function App() {
  const [state, setState] = useState<State>({ is: 'waiting' })
  const [attempt, setAttempt] = useState(0)
  const again = () => setAttempt((before) => before + 1)

  useEffect(() => {
    const controller = new AbortController()
    whenUnauthorised(() => setState({ is: 'login' }))
    look(controller.signal).then(setState, (error) => {
      if (controller.signal.aborted) return
      const told = error instanceof Unanswered ? error : new Unanswered(0, String(error))
      setState((before) => (told.status === 401 || before.is === 'empty' ? before : { is: 'failed', error: told }))
    })
    return () => controller.abort()
  }, [attempt])
  const isPending = state.is === 'failed' || state.is === 'empty'
  useEffect(() => {
    if (!isPending) return
    const timer = setInterval(again, LOOK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [isPending])

  if (state.is === 'ready') return <Pages settings={state.settings} ahead={state.ahead} />
  if (state.is === 'login') return <Login onDone={again} />
  if (state.is === 'empty') return <FirstRun settings={state.settings} />
  if (state.is === 'failed') {
    return (
      <main class="alone">
        <ErrorState error={state.error} isOld={false} />
      </main>
    )
  }
  return (
    <main class="alone" aria-busy="true">
      <p class="hint">Loading…</p>
    </main>
  )
}

/** What the collector says of itself, and whether it has anything to show yet. */
async function look(signal: AbortSignal): Promise<State> {
  const now = Date.now()
  // However wrong this clock may be: all there is.
  const span = { start: now - ALL_MS, end: now + 86_400_000 }
  const metrics = { operations: ['operations', 'count'] } as const
  const [settings, { rows }] = await Promise.all([
    answerOf<DashboardSettings>({ path: '/dashboard' }, signal),
    answerOf(request({ span, filters: {}, metrics }), signal),
  ])
  const isEmpty = (rows[0]?.operations ?? 0) === 0
  return { is: isEmpty ? 'empty' : 'ready', settings, ahead: settings.now - Date.now() }
}

/** `ahead`: by how many milliseconds the collector's clock is before this one's. */
function Pages({ settings, ahead }: { settings: DashboardSettings; ahead: number }) {
  const { page, range, filters } = useAddress()
  const [tick, setTick] = useState(0)
  const every = refreshOf(range)
  useEffect(() => {
    if (every === undefined) return
    // A page nobody looks at asks nothing.
    const look = () => document.visibilityState === 'visible' && setTick((before) => before + 1)
    const timer = setInterval(look, every)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [every])
  const key = JSON.stringify([range, filters])
  const subject = useMemo<Subject>(
    () => ({ settings, range, filters, span: spanOf(range, Date.now() + ahead), tick }),
    [key, tick, settings],
  )
  const live = useLiveStream(filters)
  const Content = CONTENT[page]
  return (
    <LiveContext.Provider value={live}>
      <SubjectContext.Provider value={subject}>
        <Frame page={page}>
          <Content key={page} />
        </Frame>
      </SubjectContext.Provider>
    </LiveContext.Provider>
  )
}
