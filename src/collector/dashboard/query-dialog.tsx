/** The dialog that shows what a panel asks: the command that gets the same numbers, to be copied. */
import { useState } from 'preact/hooks'
import type { Request } from './api.js'
import { createDialog } from './dialog.js'
import { commandOf } from './export.js'
import { Icon } from './icons.js'

const { show, Dialog } = createDialog<{ readonly title: string; readonly request: Request<unknown> }>('query')
export const showQuery = show

/** Stands once on the page. */
export function QueryDialog({ withToken }: { withToken: boolean }) {
  return (
    <Dialog title={({ title }) => title}>
      {({ request }) => (
        <>
          <p class="hint">
            The numbers of this panel, from the API. Add <code>-H 'accept: text/csv'</code> for CSV. All questions are
            described at <a href="./api/v1/docs">api/v1/docs</a>.
          </p>
          <Code text={commandOf(request, withToken)} />
        </>
      )}
    </Dialog>
  )
}

/** Lines to be copied. */
export function Code({ text }: { text: string }) {
  const [copied, setCopied] = useState(false)
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      setTimeout(() => setCopied(false), 1500)
    } catch {
      // Not allowed over plain http from elsewhere: the text can be selected.
    }
  }
  return (
    <div class="code">
      <pre>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
        <code tabIndex={0}>{text}</code>
      </pre>
      <button type="button" class="tool" onClick={copy} aria-label={copied ? 'Copied' : 'Copy'} title="Copy">
        {copied ? <span class="hint">copied</span> : <Icon name="copy" />}
      </button>
    </div>
  )
}
