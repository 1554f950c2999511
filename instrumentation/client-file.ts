/** Which files of which packages define a client's class, and what is added to them. Also runs in the thread of the module hooks. */

/** Where the added line finds whom to tell of a class. */
export const LISTENER = Symbol.for('tokmeter.clientLoaded')

/** Packages and what they call the class. */
const CLASS_NAMES: { readonly [name: string]: string } = { openai: 'OpenAI', '@anthropic-ai/sdk': 'Anthropic' }

// `client` since openai 5 and @anthropic-ai/sdk 0.40; `index` before. Deep imports, and packages built on these, load them as well.
const CLIENT_FILE = /[\\/]node_modules[\\/](openai|@anthropic-ai[\\/]sdk)[\\/](?:client|index)\.m?js(?:[?#].*)?$/

export type ClientFile = { readonly name: string; readonly className: string }

/** The client that a file, given as a path or a URL, may define. */
export function clientFileAt(place: string): ClientFile | undefined {
  const name = CLIENT_FILE.exec(place)?.[1]?.replace('\\', '/')
  const className = name === undefined ? undefined : CLASS_NAMES[name]
  return name === undefined || className === undefined ? undefined : { name, className }
}

/**
 * The source with a line at its end that hands out the class once it is made. Exports stay as they are, so nothing can be
 * missing from them; where the file has no such class, the line does nothing.
 */
export function withAnnouncement(source: string, { name, className }: ClientFile): string {
  return `${source}\n;globalThis[Symbol.for(${JSON.stringify(LISTENER.description)})]?.(${JSON.stringify(name)}, typeof ${className} === 'function' ? ${className} : undefined);\n`
}

type Loaded = { readonly format?: unknown; readonly source?: unknown }

/** What a `load` hook returned, with the line added where it belongs. */
export function announced<T extends Loaded>(loaded: T, file: ClientFile): T {
  const { format, source } = loaded
  if (format !== 'module' || source === null || source === undefined) return loaded
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source as Uint8Array)
  return { ...loaded, source: withAnnouncement(text, file) }
}
