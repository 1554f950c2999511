/** The kinds of values options have: each a zod schema, and beside it what is known of the option: what it allows, whether it is a secret, whether it can change while running. */
import { z } from 'zod'
import { writtenDollars } from '../budget/money.js'
import { formatDuration, formatSize, parseDuration, parseSize } from './quantity.js'

export type OptionKind =
  | 'text'
  | 'choice'
  | 'number'
  | 'boolean'
  | 'duration'
  | 'size'
  | 'money'
  | 'url'
  | 'list'
  | 'map'
  | 'entries'

/** What is known of an option. */
export type About = {
  readonly kind: OptionKind
  /** Completes “must be …”. */
  readonly allowed: string
  /** Of a map: completes “cannot be …”, of a name that is none of its names. */
  readonly names?: string | undefined
  /** Words that may have been meant by another one. */
  readonly known?: readonly string[] | undefined
  /** Never shown. */
  readonly isSecret: boolean
  /** Whether a running collector takes a change of it. */
  readonly isLive: boolean
}

type Traits = Partial<Pick<About, 'names' | 'known'>> & { readonly secret?: boolean; readonly live?: boolean }

/** What is known of each option, by its schema. */
export const about = z.registry<About>()

/** An option of a kind whose schema is made elsewhere. */
export function option<Schema extends z.ZodType>(
  schema: Schema,
  kind: OptionKind,
  allowed: string,
  { secret = false, live = false, names, known }: Traits = {},
): Schema {
  about.add(schema, { kind, allowed, names, known, isSecret: secret, isLive: live })
  return schema
}

/** A text in one line. */
export function text(traits?: Traits & { allowed?: string; pattern?: RegExp; isValid?: (text: string) => boolean }) {
  const { allowed = 'a text', pattern = SINGLE_LINE, isValid = () => true } = traits ?? {}
  return option(z.string().min(1).max(4096).regex(pattern).refine(isValid), 'text', allowed, traits)
}

export function choice<const Words extends readonly [string, ...string[]]>(words: Words, traits?: Traits) {
  return option(z.enum(words), 'choice', `one of ${words.join(', ')}`, traits)
}

export function boolean(traits?: Traits) {
  return option(z.boolean(), 'boolean', 'true or false', traits)
}

export function wholeNumber(least: number, most: number, traits?: Traits) {
  return option(z.int().min(least).max(most), 'number', `a whole number from ${least} to ${most}`, traits)
}

export function number(least: number, most: number, traits?: Traits) {
  return option(z.number().min(least).max(most), 'number', `a number from ${least} to ${most}`, traits)
}

/** In milliseconds, once read. */
export function duration(least: string, most: string, traits?: Traits) {
  const allowed = `a duration from ${least} to ${most}, such as 20ms, 30s or 24h (a number alone is milliseconds)`
  return option(quantity(parseDuration, parseDuration(least)!, parseDuration(most)!), 'duration', allowed, traits)
}

/** A duration of whole days, in milliseconds once read. */
export function days(traits?: Traits) {
  const day = parseDuration('1d')!
  const schema = quantity(parseDuration, day, 36_500 * day, day)
  return option(schema, 'duration', 'a duration of whole days from 1d to 100y, such as 30d or 2y', traits)
}

/** In bytes, once read. */
export function size(least: string, most: string, traits?: Traits) {
  const allowed = `a size from ${least} to ${most}, such as 512MB or 1GiB (a number alone is bytes)`
  return option(quantity(parseSize, parseSize(least)!, parseSize(most)!), 'size', allowed, traits)
}

export function httpUrl(traits?: Traits) {
  const schema = z.string().max(4096).refine(isHttpUrl)
  return option(schema, 'url', 'an http or https URL, such as http://127.0.0.1:4318', traits)
}

/** A list of texts that stand for themselves. */
export function list<Schema extends z.ZodType<string, string>>(item: Schema, allowed: string, traits?: Traits) {
  return option(z.array(item).max(1000), 'list', allowed, traits)
}

/** A list of entries with options of their own. */
export function entries<Schema extends z.ZodType>(entry: Schema, allowed: string, traits?: Traits) {
  return option(z.array(entry).max(1000), 'entries', allowed, traits)
}

/** Names of HTTP headers and their values. */
export function headers(traits?: Traits) {
  const schema = z.record(z.string().regex(HEADER_NAME), z.string().max(8192).regex(HEADER_VALUE))
  return option(schema, 'map', 'names of headers with their values, each a text (in quotes where it is a number)', {
    ...traits,
    names: 'the name of a header',
  })
}

/** Names of letters, digits and _, as Prometheus allows them, and their values. */
export function names(allowed: string, traits?: Traits) {
  return option(z.record(z.string().regex(LABEL_NAME), z.string().max(4096)), 'map', allowed, {
    ...traits,
    names: 'the name of a label: letters, digits and "_"',
  })
}

/** A text, or a list of them. */
export function texts(allowed: string, traits?: Traits) {
  return option(
    z.union([z.string().max(1000), z.array(z.string().max(1000)).min(1).max(1000)]),
    'list',
    allowed,
    traits,
  )
}

/** A value as it is written in the file. */
export function asWritten(value: unknown, { kind }: About): unknown {
  if (kind === 'duration' && typeof value === 'number') return formatDuration(value)
  if (kind === 'size' && typeof value === 'number') return formatSize(value)
  if (kind === 'money' && typeof value === 'bigint') return writtenDollars(value)
  if (kind === 'url' && typeof value === 'string') return withoutCredentials(value)
  return value
}

/** A URL as it may be shown: without its credentials and the values of its query, where keys like to stand. */
export function withoutCredentials(url: string): string {
  if (!isHttpUrl(url)) return url.replace(/\?.*$/s, '?…').replace(/^.*@/s, `${SECRET}@`)
  const parsed = new URL(url)
  if (parsed.username === '' && parsed.password === '' && parsed.search === '') return url
  if (parsed.username !== '' || parsed.password !== '') parsed.username = SECRET
  parsed.password = ''
  for (const name of new Set(parsed.searchParams.keys())) parsed.searchParams.set(name, SECRET)
  return parsed.href
}

/** What is read is not changed, however deep it stands. */
export type Deep<Value> = Value extends readonly (infer Item)[]
  ? readonly Deep<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Deep<Value[Key]> }
    : Value

/** Stands for what is not shown. */
export const SECRET = '***'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const SINGLE_LINE = /^[^\x00-\x1f\x7f]*$/
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/
// RFC 9110 §5.5
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

function quantity(parse: (value: string | number) => number | undefined, least: number, most: number, step = 1) {
  return z.union([z.string().max(64), z.number()]).transform((value, context) => {
    const parsed = parse(value)
    if (parsed !== undefined && parsed >= least && parsed <= most && parsed % step === 0) return parsed
    context.addIssue({ code: 'custom', message: 'not such a quantity', input: value })
    return z.NEVER
  })
}
