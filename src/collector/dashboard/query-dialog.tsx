/** The dialog that shows what a panel asks: the command that gets the same numbers, to be copied. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Request } from './api.js'
import { commandOf } from './export.js'
import { Icon } from './icons.js'

type Shown = { readonly title: string; readonly request: Request<unknown> }
const SHOW = 'tokmeter-query'

export function showQuery(title: string, request: Request<unknown>): void {
  dispatchEvent(new CustomEvent<Shown>(SHOW, { detail: { title, request } }))
}

/** Stands once on the page. */
export function QueryDialog({ withToken }: { withToken: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [shown, setShown] = useState<Shown>()
  useEffect(() => {
    const show = (event: Event) => {
      setShown((event as CustomEvent<Shown>).detail)
      dialog.current?.showModal()
    }
    addEventListener(SHOW, show)
    return () => removeEventListener(SHOW, show)
  }, [])
  const command = shown && commandOf(shown.request, withToken)
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="query-title">
      <header class="panel-head">
        <h2 id="query-title">{shown?.title}</h2>
        <button type="button" class="tool" onClick={() => dialog.current?.close()} aria-label="Close">
          <Icon name="close" />
        </button>
      </header>
      <p class="hint">
        The numbers of this panel, from the API. Add <code>-H 'accept: text/csv'</code> for CSV. All questions are
        described at <a href="./api/v1/docs">api/v1/docs</a>.
      </p>
      {command && <Code text={command} />}
    </dialog>
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
