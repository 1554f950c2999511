/** The login page, where tokens are configured. The token goes to the collector once and is kept nowhere. */
import { useState } from 'preact/hooks'
import { logIn } from '../session.js'

export function Login({ onDone }: { onDone: () => void }) {
  const [message, setMessage] = useState('')
  const [isBusy, setBusy] = useState(false)
  async function submit(event: SubmitEvent & { readonly currentTarget: HTMLFormElement }): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget
    setBusy(true)
    const trouble = await logIn(String(new FormData(form).get('token')).trim())
    setBusy(false)
    setMessage(trouble ?? '')
    if (trouble === undefined) onDone()
    else (form.elements.namedItem('token') as HTMLInputElement).select()
  }
  return (
    <main class="alone">
      <form class="card" onSubmit={submit}>
        <h1>tokmeter</h1>
        <p class="hint">This collector asks for a token. One with the scope read is enough.</p>
        <label>
          Token
          <input
            class="field"
            type="password"
            name="token"
            required
            autocomplete="current-password"
            aria-describedby="login-message"
            aria-invalid={message !== ''}
          />
        </label>
        <p id="login-message" class="bad" role="alert">
          {message}
        </p>
        <button type="submit" class="button primary" disabled={isBusy}>
          Log in
        </button>
      </form>
    </main>
  )
}
