/** Chooses the range of all pages: one of the usual ones, or from one moment to another. */
import { useRef } from 'preact/hooks'
import { go } from './address.js'
import { useSubject } from './asking.js'
import { Icon } from './icons.js'
import { PRESETS, rangeInWords } from './range.js'

export function RangePicker() {
  const { range, span } = useSubject()
  const popover = useRef<HTMLFormElement>(null)
  const isCustom = !('last' in range)
  function apply(event: SubmitEvent): void {
    event.preventDefault()
    const data = new FormData(popover.current!)
    const [start, end] = [Date.parse(String(data.get('from'))), Date.parse(String(data.get('to')))]
    const to = popover.current!.elements.namedItem('to') as HTMLInputElement
    to.setCustomValidity(start < end ? '' : 'This must be after the start.')
    if (!popover.current!.reportValidity()) return
    popover.current!.hidePopover()
    go({ range: { start, end } })
  }
  return (
    <div class="range-picker">
      <fieldset class="segments">
        <legend class="unseen">Time range</legend>
        {PRESETS.map((last) => (
          <button
            key={last}
            type="button"
            aria-pressed={'last' in range && range.last === last}
            title={`The ${rangeInWords({ last })}`}
            onClick={() => go({ range: { last } })}
          >
            {last}
          </button>
        ))}
        <button
          type="button"
          class="custom"
          aria-pressed={isCustom}
          popovertarget="custom-range"
          title="From one moment to another"
        >
          <Icon name="clock" />
          <span class={isCustom ? 'custom-text' : 'unseen'}>{isCustom ? rangeInWords(range) : 'Custom range'}</span>
        </button>
      </fieldset>
      <form id="custom-range" class="popover" popover="auto" ref={popover} onSubmit={apply} aria-label="Custom range">
        <label>
          From
          <input key={span.start} type="datetime-local" name="from" required defaultValue={localTime(span.start)} />
        </label>
        <label>
          To
          <input
            key={span.end}
            type="datetime-local"
            name="to"
            required
            defaultValue={localTime(span.end)}
            onInput={(event) => event.currentTarget.setCustomValidity('')}
          />
        </label>
        <button type="submit" class="button primary">
          Apply
        </button>
      </form>
    </div>
  )
}

/** As an input of a moment has it: local, without a zone. */
function localTime(time: number): string {
  const date = new Date(time)
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
