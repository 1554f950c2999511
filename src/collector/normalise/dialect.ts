/** What a dialect is: a name, the attributes it reads, and pure functions from a span or a log record to an operation. */
import type { LogRecord, Scope, Span } from '../otlp/decoded.js'
import type { Draft } from './draft.js'

export const DIALECT_NAMES = [
  'tokmeter',
  'claude_code',
  'codex',
  'gemini_cli',
  'openinference',
  'langfuse',
  'vercel_ai',
  'openllmetry',
  'opentelemetry',
] as const

export type DialectName = (typeof DIALECT_NAMES)[number]

/** Where an item comes from. */
export type Origin = {
  readonly scope: Scope
  /** `service.name`; empty when not told. */
  readonly service: string
}

/** The operation an item stands for; `ignored` when it is in this dialect but no operation, or told by another item too; `undefined` when it is in another dialect. */
export type Reading = Draft | 'ignored' | undefined

export type Dialect = {
  readonly name: DialectName
  /** An item with one of these attributes may be in this dialect. */
  readonly markers: readonly string[]
  /** Further attributes it reads. Those that hold prompts or answers are in no list, so they are never read. */
  readonly details: readonly string[]
  /** Beginnings of names that it reads. */
  readonly prefixes?: readonly string[]
  readonly span?: (span: Span, origin: Origin) => Reading
  readonly logRecord?: (record: LogRecord, origin: Origin) => Reading
}
