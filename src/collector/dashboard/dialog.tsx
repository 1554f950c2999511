/** Dialogs that are opened from anywhere on the page, by what they are to show. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from './icons.js'

export type DialogProps<Shown> = {
  readonly title: (shown: Shown) => string
  readonly children: (shown: Shown, close: () => void) => ComponentChildren
}

/** `name`: of this kind of dialog. Its component stands once on a page that opens it. */
export function createDialog<Shown>(name: string) {
  const event = `tokmeter-${name}`
  const heading = `${name}-title`

  function show(shown: Shown): void {
    dispatchEvent(new CustomEvent<Shown>(event, { detail: shown }))
  }

  function Dialog({ title, children }: DialogProps<Shown>) {
    const dialog = useRef<HTMLDialogElement>(null)
    const [shown, setShown] = useState<Shown>()
    const close = () => dialog.current?.close()
    useEffect(() => {
      const open = (told: Event) => {
        setShown((told as CustomEvent<Shown>).detail)
        dialog.current?.showModal()
      }
      addEventListener(event, open)
      return () => removeEventListener(event, open)
    }, [])
    return (
      <dialog class="dialog" ref={dialog} aria-labelledby={heading}>
        <header class="panel-head">
          <h2 id={heading}>{shown && title(shown)}</h2>
          <button type="button" class="tool" onClick={close} aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
        {shown && children(shown, close)}
      </dialog>
    )
  }
  return { show, Dialog }
}
