/** Logging in and out: a token becomes a cookie that no script sees. */

const SESSION = './api/v1/session'

/** Undefined when it worked, else what to tell. */
export async function logIn(token: string): Promise<string | undefined> {
  try {
    const response = await fetch(SESSION, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    if (response.ok) return undefined
    if (response.status === 401) return 'This token is not known here.'
    if (response.status === 403) return 'This token may not read: use one with the scope read.'
    if (response.status === 429) return 'Too many attempts at once: try again in a moment.'
    return `The collector answered with status ${response.status}.`
  } catch {
    return 'The collector cannot be reached.'
  }
}

export async function logOut(): Promise<void> {
  await fetch(SESSION, { method: 'DELETE', credentials: 'same-origin' }).catch(() => {})
  location.reload()
}
