/** The dashboard: which page is shown, of which range, and when it is asked anew. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { type Page, useAddress } from './address.js'
import { type Subject, SubjectContext } from './asking.js'
import { Frame } from './frame.js'
import { Overview } from './pages/overview.js'
import { refreshOf, spanOf } from './range.js'

const CONTENT: { readonly [page in Page]?: () => preact.JSX.Element } = {
  overview: Overview,
}

export function App() {
  const { page, range, filters } = useAddress()
  const [tick, setTick] = useState(0)
  const every = refreshOf(range)
  useEffect(() => {
    if (every === undefined) return
    // A page nobody looks at asks nothing.
    const timer = setInterval(() => document.visibilityState === 'visible' && setTick((before) => before + 1), every)
    const look = () => document.visibilityState === 'visible' && setTick((before) => before + 1)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [every])
  const key = JSON.stringify([range, filters])
  const subject = useMemo<Subject>(() => ({ range, filters, span: spanOf(range, Date.now()), tick }), [key, tick])
  const Content = CONTENT[page] ?? Overview
  return (
    <SubjectContext.Provider value={subject}>
      <Frame page={page}>
        <Content key={page} />
      </Frame>
    </SubjectContext.Provider>
  )
}
