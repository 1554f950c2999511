/** Which files of which packages define a client's class, and what is added to them. Also runs in the thread of the module hooks. */

/** Where the added line finds whom to tell of a class. */
export const LISTENER = Symbol.for('tokmeter.clientLoaded')

/** What a file calls the class it defines. The AI SDK has none: that it is loaded is all there is to tell. */
const CLASS_NAMES: { readonly [name: string]: string | undefined } = {
  openai: 'OpenAI',
  '@anthropic-ai/sdk': 'Anthropic',
  ai: undefined,
}

// `client` since openai 5 and @anthropic-ai/sdk 0.40; `index` before. Deep imports, and packages built on these, load them as well.
const CLIENT_FILE =
  /[\\/]node_modules[\\/](?:(openai|@anthropic-ai[\\/]sdk)[\\/](?:client|index)|(ai)[\\/]dist[\\/]index)\.m?js(?:[?#].*)?$/

export type ClientFile = { readonly name: string; readonly className: string | undefined }

/** The client that a file, given as a path or a URL, may define. */
export function clientFileAt(place: string): ClientFile | undefined {
  const [, clientName, otherName] = CLIENT_FILE.exec(place) ?? []
  const name = clientName?.replace('\\', '/') ?? otherName
  return name === undefined ? undefined : { name, className: CLASS_NAMES[name] }
}

/**
 * The source with a line at its end that hands out the class once it is made, and where it is. Exports stay as they are, so
 * nothing can be missing from them; where the file has no such class, there is none to hand out.
 */
export function withAnnouncement(source: string, { name, className }: ClientFile): string {
  const listener = `globalThis[Symbol.for(${JSON.stringify(LISTENER.description)})]`
  const ClientClass =
    className === undefined ? 'undefined' : `typeof ${className} === 'function' ? ${className} : undefined`
  return `${source}\n;${listener}?.(${JSON.stringify(name)}, ${ClientClass}, import.meta.url);\n`
}

type Loaded = { readonly format?: unknown; readonly source?: unknown }

/** What a `load` hook returned, with the line added where it belongs. */
export function announced<T extends Loaded>(loaded: T, file: ClientFile): T {
  const { format, source } = loaded
  if (format !== 'module' || source === null || source === undefined) return loaded
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source as Uint8Array)
  return { ...loaded, source: withAnnouncement(text, file) }
}
