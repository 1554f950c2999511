/** Makes operations of decoded spans and log records: the dialect reads, then each operation is cleaned, identified and priced. */
import {
  type CleanOperation,
  type Cost,
  createCleaner,
  identified,
  type Operation,
  operationKind,
  priceInPlace,
} from 'tokmeter/core'
import type { IdentifiedOperation } from '../batch.js'
import type { Attributes, Decoded, DecodedLogs, DecodedTraces, Group, LogRecord, Scope } from '../otlp/decoded.js'
import { textOf } from './attribute-value.js'
import { DIALECT_NAMES, type DialectName, type Origin, type Reading } from './dialect.js'
import { DIALECTS } from './dialects.js'
import type { Draft } from './draft.js'
import { Nesting, type ReadSpan } from './nesting.js'
import { RecordIds } from './record-id.js'
import { resourceName } from './resource-name.js'
import { SpanSenders } from './span-senders.js'

export type NormaliserOptions = {
  /** What an operation cost that came without a cost. */
  readonly price: (operation: Operation) => Cost | undefined
  /** Turns an identity into what may be kept. */
  readonly hashIdentity: (identity: string) => string
  /** Told the field each time a value had to be left out. @default nothing */
  readonly onDiscard?: (field: string) => void
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** What became of the items of a dialect. */
export type DialectCounts = {
  /** Became an operation. */
  recognised: number
  /** No operation of its own: an event of another sort, or told by another item too. */
  ignored: number
  /** Of no use: retrying is pointless. */
  rejected: number
}

export type Normalised = {
  readonly operations: readonly IdentifiedOperation[]
  /** All items received: spans, log records or data points. */
  readonly items: number
  readonly rejected: number
  /** Why items were rejected; absent when none was. */
  readonly message?: string
  readonly dialects: { readonly [name in DialectName]: DialectCounts }
  /** Items that are of no dialect, and pass through. */
  readonly foreign: number
}

export type Normaliser = (decoded: Decoded) => Normalised

/** The SDK's own hash: it has been hashed before it was sent, and once more would part it from what the SDK shows. */
const HASHED = /^[0-9a-f]{32}$/

const LOST_SPAN = 'a span of a GenAI operation needs a trace id and a span id'

/** Makes a normaliser. It remembers for a while which spans had a call inside, so one is made for a collector, not for a request. */
export function createNormaliser(options: NormaliserOptions): Normaliser {
  const { price, hashIdentity, onDiscard = () => {}, now = Date.now } = options
  const clean = createCleaner({ hashIdentity, onDiscard })
  const cleanOwn = createCleaner({
    hashIdentity: (identity) => (HASHED.test(identity) ? identity : hashIdentity(identity)),
    onDiscard,
  })
  const nesting = new Nesting()
  const spanSenders = new SpanSenders()

  function finish(draft: Draft, dialect: DialectName, time: number): IdentifiedOperation | undefined {
    // A time of 0 is one that was not told.
    if (draft.startTime !== undefined && draft.startTime <= 0) draft.startTime = undefined
    const cleaned = (dialect === 'tokmeter' ? cleanOwn : clean)(draft, time)
    if (cleaned === undefined) return undefined
    priceInPlace(cleaned, price)
    return identified(cleaned as CleanOperation)
  }

  function normaliseTraces(decoded: DecodedTraces): Normalised {
    const result = new Result(decoded.count)
    const spans: ReadSpan[] = []
    const dialects: DialectName[] = []
    for (const { resource, scope, items } of decoded.groups) {
      const origin = originOf(resource, scope)
      for (const span of items) {
        let reading: Reading
        let index = 0
        for (; reading === undefined && index < DIALECTS.length; index++)
          reading = DIALECTS[index]!.span?.(span, origin)
        if (reading === undefined) continue
        const dialect = DIALECTS[index - 1]!.name
        if (span.traceId === '' || span.spanId === '') {
          if (reading === 'ignored') result.dialects[dialect].ignored++
          else result.reject(dialect, LOST_SPAN)
          continue
        }
        const draft = reading === 'ignored' ? undefined : reading
        spans.push({
          span,
          resource,
          scopeName: scope.name,
          draft,
          kind: draft && operationKind(draft.operation),
          id: `${span.traceId}-${span.spanId}`,
          isWrapper: false,
        })
        dialects.push(dialect)
      }
    }
    nesting.mark(spans, decoded)
    const time = now()
    for (let index = 0; index < spans.length; index++) {
      const { draft, kind, span, resource, id, isWrapper } = spans[index]!
      const dialect = dialects[index]!
      if (draft === undefined || kind === undefined || isWrapper) {
        result.dialects[dialect].ignored++
        continue
      }
      spanSenders.sent(dialect, resource)
      draft.id ??= id
      draft.traceId = span.traceId
      draft.spanId = span.spanId
      draft.sampled = true
      placeIn(draft, resource)
      result.add(dialect, finish(draft, dialect, time))
    }
    return result.done()
  }

  function normaliseLogs(decoded: DecodedLogs): Normalised {
    const result = new Result(decoded.count)
    const ids = new RecordIds()
    const time = now()
    for (const { resource, scope, items } of decoded.groups as readonly Group<LogRecord>[]) {
      const origin = originOf(resource, scope)
      for (const record of items) {
        let reading: Reading
        let index = 0
        for (; reading === undefined && index < DIALECTS.length; index++) {
          reading = DIALECTS[index]!.logRecord?.(record, origin)
        }
        if (reading === undefined) continue
        const dialect = DIALECTS[index - 1]!.name
        if (reading === 'ignored' || spanSenders.tells(dialect, record, resource)) {
          result.dialects[dialect].ignored++
          continue
        }
        identify(reading, record, dialect, resource, ids)
        placeIn(reading, resource)
        result.add(dialect, finish(reading, dialect, time))
      }
    }
    return result.done()
  }

  return (decoded) => {
    switch (decoded.signal) {
      case 'traces':
        return normaliseTraces(decoded)
      case 'logs':
        return normaliseLogs(decoded)
      case 'metrics':
        return new Result(decoded.count).done()
    }
  }
}

function originOf(resource: Attributes, scope: Scope): Origin {
  return { scope, service: textOf(resource[resourceName.service]) ?? '' }
}

/** Gives the operation of a log record its id: the sender's, that of its span, or one made of the record. */
function identify(draft: Draft, record: LogRecord, dialect: DialectName, resource: Attributes, ids: RecordIds): void {
  // An event of the conventions is in the context of the span of its operation; a coding agent's is in that of something larger.
  if (dialect === 'tokmeter' || dialect === 'opentelemetry') {
    draft.traceId = record.traceId
    draft.spanId = record.spanId
    draft.sampled = record.sampled
    if (record.traceId !== '' && record.spanId !== '') draft.id ??= `${record.traceId}-${record.spanId}`
  }
  draft.id ??= ids.of(record, resource)
}

function placeIn(draft: Draft, resource: Attributes): void {
  draft.service = textOf(resource[resourceName.service])
  draft.environment = textOf(resource[resourceName.environment]) ?? textOf(resource[resourceName.olderEnvironment])
  draft.region = textOf(resource[resourceName.region])
}

/** What comes of one request. */
class Result {
  readonly dialects = countsOfAll()
  readonly #operations: IdentifiedOperation[] = []
  readonly #items: number
  #rejected = 0
  #message: string | undefined

  constructor(items: number) {
    this.#items = items
  }

  add(dialect: DialectName, operation: IdentifiedOperation | undefined): void {
    if (operation === undefined) this.reject(dialect, 'not an operation')
    else {
      this.dialects[dialect].recognised++
      this.#operations.push(operation)
    }
  }

  reject(dialect: DialectName, message: string): void {
    this.dialects[dialect].rejected++
    this.#rejected++
    this.#message ??= message
  }

  done(): Normalised {
    let told = 0
    for (const name of DIALECT_NAMES) {
      const { recognised, ignored, rejected } = this.dialects[name]
      told += recognised + ignored + rejected
    }
    return {
      operations: this.#operations,
      items: this.#items,
      rejected: this.#rejected,
      ...(this.#message !== undefined && { message: this.#message }),
      dialects: this.dialects,
      foreign: this.#items - told,
    }
  }
}

function countsOfAll(): { readonly [name in DialectName]: DialectCounts } {
  const counts = DIALECT_NAMES.map((name) => [name, { recognised: 0, ignored: 0, rejected: 0 }] as const)
  return Object.fromEntries(counts) as { [name in DialectName]: DialectCounts }
}
