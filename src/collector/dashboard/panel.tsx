/** The frame of everything on a page: title, what is not covered, export and query, and what to do where there is nothing or it failed. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Coverage, Request } from './api.js'
import type { Asked } from './asking.js'
import { CoverageNote, type Covered } from './coverage.js'
import { saveCsv } from './export.js'
import { Icon } from './icons.js'
import { showQuery } from './query-dialog.js'
import { EmptyState, ErrorState } from './states.js'

export type PanelProps<Answer> = {
  readonly title: string
  /** The unit, or what exactly is counted. */
  readonly hint?: string
  readonly asked: Asked<Answer>
  /** What of its numbers may not be known of all calls. */
  readonly covered?: Covered
  readonly isEmpty?: (answer: Answer) => boolean
  /** What an empty one says. @default that nothing matches, and what to do */
  readonly whenEmpty?: ComponentChildren
  /** Columns of twelve. @default 6 */
  readonly width?: 4 | 5 | 6 | 7 | 8 | 12
  /** Height of what is not there yet, in pixels. */
  readonly height?: number
  /** Beside the title. */
  readonly tools?: ComponentChildren
  readonly children: (answer: Answer) => ComponentChildren
}

export function Panel<Answer>(props: PanelProps<Answer>) {
  const { title, hint, asked, covered, isEmpty, whenEmpty, width = 6, height = 232, tools, children } = props
  const { answer, error, isStale, request } = asked
  const coverage = (answer as { coverage?: Coverage } | undefined)?.coverage
  return (
    <section class={`panel span-${width}`} aria-label={title} aria-busy={isStale || (answer === undefined && !error)}>
      <header class="panel-head">
        <h2>{title}</h2>
        {hint && <span class="hint">{hint}</span>}
        {covered && coverage && <CoverageNote coverage={coverage} of={covered} />}
        <div class="panel-tools">
          {tools}
          {request && <Actions title={title} request={request} />}
        </div>
      </header>
      <div class={isStale ? 'panel-body stale' : 'panel-body'}>
        {error !== undefined && <ErrorState error={error} isOld={answer !== undefined} />}
        {answer === undefined ? (
          error === undefined && <div class="skeleton" style={{ height: `${height}px` }} />
        ) : isEmpty?.(answer) ? (
          <EmptyState height={height}>{whenEmpty}</EmptyState>
        ) : (
          children(answer)
        )}
      </div>
    </section>
  )
}

function Actions({ title, request }: { title: string; request: Request<unknown> }) {
  const [failed, setFailed] = useState(false)
  const save = () =>
    saveCsv(request, title).then(
      () => setFailed(false),
      () => setFailed(true),
    )
  return (
    <>
      {failed && (
        <span class="hint" role="status">
          export failed
        </span>
      )}
      <button type="button" class="tool" onClick={save} title="Export as CSV" aria-label={`Export ${title} as CSV`}>
        <Icon name="download" />
      </button>
      <button
        type="button"
        class="tool"
        onClick={() => showQuery({ title, request })}
        title="Show the query"
        aria-label={`Show the query of ${title}`}
      >
        <Icon name="code" />
      </button>
    </>
  )
}
