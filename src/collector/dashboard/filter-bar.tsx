/** The filters of all pages: what is set, each to be taken away, and the list to add one from. */
import { useRef, useState } from 'preact/hooks'
import { FILTERS, type FilterName, go, unfiltered } from './address.js'
import { request } from './api.js'
import { useAnswer, useSubject } from './asking.js'
import { count, nameOf } from './format.js'
import { Icon } from './icons.js'

const TITLES: { readonly [name in FilterName]: string } = {
  model: 'Model',
  provider: 'Provider',
  service: 'Service',
  environment: 'Environment',
  agent: 'Agent',
  operation: 'Operation',
  error_type: 'Error type',
  user_id: 'User',
  conversation_id: 'Conversation',
}

export function FilterBar() {
  const { filters } = useSubject()
  const set = FILTERS.flatMap((name) => (filters[name] ?? []).map((value) => ({ name, value })))
  return (
    <div class="filters">
      {set.map(({ name, value }) => (
        <span class="chip" key={`${name} ${value}`}>
          <span class="chip-name">{TITLES[name]}</span>
          <span class="chip-value">{nameOf(value)}</span>
          <button
            type="button"
            onClick={() => go({ filters: unfiltered(filters, name, value) })}
            aria-label={`Remove the filter ${TITLES[name]} ${nameOf(value)}`}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      {set.length > 1 && (
        <button type="button" class="link" onClick={() => go({ filters: {} })}>
          Clear all
        </button>
      )}
      <AddFilter />
    </div>
  )
}

function AddFilter() {
  const popover = useRef<HTMLDivElement>(null)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" class="chip add" popovertarget="add-filter">
        <Icon name="plus" /> Filter
      </button>
      <div
        id="add-filter"
        class="popover values"
        popover="auto"
        ref={popover}
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        {isOpen && <Values onDone={() => popover.current?.hidePopover()} />}
      </div>
    </>
  )
}

const CALLS = { operations: ['operations', 'count'] } as const
/** Values that are offered: those with most operations. */
const OFFERED = 200

function Values({ onDone }: { onDone: () => void }) {
  const { span, filters } = useSubject()
  const [name, setName] = useState<FilterName>('model')
  const [text, setText] = useState('')
  const { answer, error } = useAnswer(
    request({ span, filters: unfiltered(filters, name), metrics: CALLS, groupBy: [name], limit: OFFERED }),
  )
  const matching = answer?.rows.filter(({ of }) => nameOf(of[0]).toLowerCase().includes(text.toLowerCase()))
  function toggle(value: string): void {
    const values = filters[name] ?? []
    go({
      filters: values.includes(value) ? unfiltered(filters, name, value) : { ...filters, [name]: [...values, value] },
    })
    onDone()
  }
  return (
    <>
      <div class="values-head">
        <label>
          <span class="unseen">Filter by</span>
          <select value={name} onChange={(event) => setName(event.currentTarget.value as FilterName)}>
            {FILTERS.map((one) => (
              <option key={one} value={one}>
                {TITLES[one]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="unseen">Search values</span>
          <input
            type="search"
            placeholder="Search"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      </div>
      {error && <p class="hint">{error.message}</p>}
      <ul class="values-list">
        {matching?.map(({ of: [value = ''], operations }) => (
          <li key={value}>
            <button type="button" aria-pressed={filters[name]?.includes(value) ?? false} onClick={() => toggle(value)}>
              <span class="value-name">{nameOf(value)}</span>
              <span class="hint">{count(operations)}</span>
            </button>
          </li>
        ))}
        {matching?.length === 0 && <li class="hint">Nothing of that name in this range.</li>}
      </ul>
    </>
  )
}
