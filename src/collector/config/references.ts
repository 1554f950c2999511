/** `${env:NAME}` and `${env:NAME:-default}` in texts of the file, as the OpenTelemetry Collector has them. `$$` stands for a plain `$`. */

export type Environment = { readonly [name: string]: string | undefined }

export type Resolved = {
  readonly text: string
  /** Whether the whole text was one reference, so that its value may be a number or a list as well. */
  readonly isWhole: boolean
  /** Whether there was any reference: such a value may be a secret, wherever it stands. */
  readonly isReferring: boolean
  readonly mistakes: readonly string[]
}

const TOKEN = /\$\$|\$\{([^{}]*)\}/g
const REFERENCE = /^env:([A-Za-z_][A-Za-z0-9_]{0,255})(?::-(.*))?$/s

/** Puts the values of variables into `text`. A default also stands in for a variable that is empty. */
export function resolveReferences(text: string, environment: Environment): Resolved {
  const mistakes: string[] = []
  let references = 0
  const resolved = text.replace(TOKEN, (token, inside: string | undefined) => {
    if (inside === undefined) return '$'
    references++
    const [, name, fallback] = REFERENCE.exec(inside) ?? []
    if (name === undefined) {
      mistakes.push(
        `${shownReference(token)} means nothing: write \${env:NAME} or \${env:NAME:-default}, or $$ for a plain $`,
      )
      return token
    }
    const value = environment[name]
    if (value === undefined && fallback === undefined)
      mistakes.push(`\${env:${name}} is not set in the environment; set it, or give a default: \${env:${name}:-…}`)
    return fallback !== undefined && !value ? fallback : (value ?? '')
  })
  return { text: resolved, isWhole: /^\$\{[^{}]*\}$/.test(text), isReferring: references > 0, mistakes }
}

// What stands in braces by mistake may be a part of a password: its name is shown, no more.
function shownReference(token: string): string {
  const [, start = ''] = /^\$\{([A-Za-z_][A-Za-z0-9_]{0,31}:?)/.exec(token) ?? []
  return `\${${start}…}`
}
