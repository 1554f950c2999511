/** Puts the SDK together: capture → buffer → instruments → export. Built last to first, stopped first to last; only here is the order known. */
import { randomBytes } from 'node:crypto'
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api'
import { type CleanOperation, createCleaner, identified, type SpanIdentity } from '../clean.js'
import { createInstruments, type Instruments } from '../instruments.js'
import type { Operation } from '../operation.js'
import { createPricer, priceInPlace } from '../price.js'
import { createIdentityHash } from '../privacy.js'
import { running, setRunning, untestedClients } from './active.js'
import { Buffer } from './buffer.js'
import { createCapture, measureWith, NO_HANDLE, type OperationHandle, type OperationStart } from './capture.js'
import { type Config, registerConfig, resolveConfig } from './config.js'
import { DISABLED } from './disabled.js'
import { Events } from './events.js'
import { createMeters, createResource } from './meters.js'
import type { StartOptions } from './options.js'
import { createOtlpLogExporter } from './otlp.js'
import { Outcomes } from './outcomes.js'
import { Processor } from './processor.js'
import { PrometheusEndpoint } from './prometheus.js'
import { reportOnce } from './report.js'
import { loadRuntimeMetrics } from './runtime-metrics.js'
import { shutdownOn } from './shutdown-causes.js'
import type { Stats } from './stats.js'
import { Subscribers } from './subscribers.js'
import { observeSelf } from './telemetry.js'
import type { Tokmeter } from './tokmeter.js'
import { RunningTotals } from './totals.js'
import { beginSpan, type OperationSpan } from './tracing.js'

/**
 * Starts measuring. Throws a TypeError or RangeError naming the option for what cannot be meant. While one SDK runs, another
 * start returns it, with a warning.
 * @example const tokmeter = start({ serviceName: 'chat-api', prometheus: { port: 9464 } })
 */
export function start(options: StartOptions = {}): Tokmeter {
  const config = resolveConfig(options)
  const already = running<Tokmeter>()
  if (already !== undefined) {
    reportOnce('TOKMETER_STARTED_TWICE', 'tokmeter is started already; the options of the second start are ignored')
    return already
  }
  setDiagLogger(config.logLevel)
  if (config.disabled) return DISABLED
  const tokmeter = assemble(config)
  setRunning(tokmeter)
  return tokmeter
}

/** Starts as `tokmeter/register` does: by the environment alone, with a shutdown at the end of the process. `undefined`, with a warning, when it cannot be started, and when TOKMETER_START is `false`. */
export function startFromEnvironment(): Tokmeter | undefined {
  try {
    const options = registerConfig()
    return options === undefined ? undefined : start(options)
  } catch (error) {
    // The program did not ask for this: it runs without being measured rather than not at all.
    reportOnce('TOKMETER_NOT_STARTED', `tokmeter is not started: ${(error as Error).message}`)
    return undefined
  }
}

function assemble(config: Config): Tokmeter {
  const overflowed = new Map<string, number>()
  const discarded = new Map<string, number>()
  const startRuntimeMetrics = loadRuntimeMetrics(config)
  const pricer = createPricer({ prices: config.prices, file: config.pricesFile })
  const clean = createCleaner({
    hashIdentity: config.hashIdentities ? createIdentityHash(identityKey(config)) : (identity) => identity,
    onDiscard: (field) => count(discarded, field),
  })

  // Export.
  const outcomes = new Outcomes()
  const resource = createResource(config)
  const events =
    config.otlp && config.events
      ? new Events(createOtlpLogExporter(config.otlp.logs), config.otlp.logs.endpoint, resource, outcomes)
      : undefined
  const endpoint = config.prometheus && new PrometheusEndpoint(config.prometheus, () => processor.drain())
  const meters = createMeters(config, resource, outcomes, endpoint?.reader, () => count(discarded, 'measurement'))
  const subscribers = new Subscribers()

  // Instruments: made when there is something to measure with, at the latest moment, so that a MeterProvider registered until then counts.
  let instruments: Instruments | undefined
  let stopObserving = () => {}
  function isReady(): boolean {
    if (instruments !== undefined) return true
    const measuring = meters.find()
    if (measuring === undefined) return false
    const { semconv: edition, tagAttributes, attributeValueLimit, seriesLimit } = config
    const limits = { tagAttributes, attributeValueLimit, seriesLimit }
    const onOverflow = (name: string) => count(overflowed, name)
    instruments = createInstruments(measuring.source, { edition, ...limits, onOverflow })
    stopObserving = observeSelf(measuring.meter, stats)
    startRuntimeMetrics(measuring.meterProvider)
    return true
  }
  function measureOperation(operation: CleanOperation): void {
    instruments!.record(operation)
    if (events === undefined && subscribers.isEmpty) return
    const leaving = identified(operation)
    events?.push(leaving)
    subscribers.publish(leaving)
  }

  // Buffer.
  const totals = new RunningTotals()
  function settle(operation: Operation, recordedAt: number, span?: SpanIdentity): CleanOperation | undefined {
    const cleaned = clean(operation, recordedAt, span)
    if (cleaned === undefined) return undefined
    priceInPlace(cleaned, pricer.price)
    totals.add(cleaned)
    return cleaned
  }
  function take(operation: Operation, span: OperationSpan | undefined): void {
    const settled = buffer.push(operation, span)
    if (span !== undefined) endSpan(span, settled)
  }
  // A MeterProvider is looked for, or made, once there is something to measure: flushing nothing must not settle which.
  function isReadyToDrain(): boolean {
    if (instruments === undefined && buffer.size === 0) return false
    try {
      return isReady()
    } catch (error) {
      reportOnce('TOKMETER_METER_PROVIDER', `the MeterProvider cannot be measured with: ${error}`)
      return false
    }
  }
  const processor = new Processor({
    isReady: isReadyToDrain,
    measureNext: () => buffer.measureNext(measureOperation),
    flush: (outOfTime) => instruments!.flush(outOfTime),
  })
  const buffer = new Buffer({
    capacity: config.bufferCapacity,
    policy: config.bufferPolicy,
    settle,
    onFirst: () => processor.schedule(),
  })

  // Capture.
  const spanOf = (operation: Operation) => {
    if (!config.spans) return undefined
    try {
      return beginSpan(operation)
    } catch {
      // A sampler or a span processor of the application's that throws must not take the operation with it.
      return undefined
    }
  }
  const capture = createCapture({ beginSpan: spanOf, record: take })
  function record(operation: Operation): void {
    let span: OperationSpan | undefined
    try {
      if (config.spans && operation?.spanId === undefined) span = spanOf(operation)
    } catch {
      // What cannot be read becomes no span; the buffer counts it as invalid.
    }
    take(operation, span)
  }
  function begin(start: OperationStart): OperationHandle {
    try {
      return capture.begin(start)
    } catch {
      // A start that cannot be read: counted as the invalid operation it would have become.
      buffer.push(undefined as never)
      return NO_HANDLE
    }
  }

  function stats(): Stats {
    buffer.settle()
    const { all, byModel, byProvider } = totals.snapshot()
    return {
      ...buffer.ledger,
      capacity: buffer.capacity,
      open: capture.open,
      totals: all,
      byModel,
      byProvider,
      exports: { metrics: outcomes.of('metrics'), events: outcomes.of('events') },
      events: events?.ledger,
      overflowed: Object.fromEntries(overflowed),
      discarded: Object.fromEntries(discarded),
      lagged: subscribers.lagged,
      untestedClients: [...untestedClients()],
    }
  }

  async function stop(): Promise<void> {
    const deadline = performance.now() + config.shutdownTimeoutMs
    stopListening()
    capture.abandonOpen()
    buffer.close()
    processor.stop()
    await processor.drain(deadline)
    buffer.abandon()
    // A reader's shutdown exports once more: flushed before, it would do so twice, and try twice as long where nobody answers.
    await atMost(Promise.allSettled([events?.flush(), meters.shutdown()]), deadline)
    stopObserving()
    await atMost(Promise.allSettled([events?.shutdown(), endpoint?.close()]), deadline)
  }

  if (config.meterProvider === 'own') isReady()
  let stopped: Promise<void> | undefined
  const tokmeter: Tokmeter = {
    record,
    begin,
    measure: (operation, fn, read) => measureWith(begin, operation, fn, read),
    stats,
    subscribe: (listener, subscribeOptions) => subscribers.add(listener, subscribeOptions),
    async forceFlush() {
      if (stopped !== undefined) return stopped
      await processor.drain()
      await Promise.allSettled([events?.flush(), meters.forceFlush()])
    },
    shutdown() {
      stopped ??= stop().finally(() => {
        if (running() === tokmeter) setRunning(undefined)
      })
      return stopped
    },
    [Symbol.asyncDispose]: () => tokmeter.shutdown(),
    reloadPrices: (prices) => (prices === undefined ? pricer.reloadFile() : pricer.reload(prices)),
    get meterProvider() {
      return meters.find()?.meterProvider
    },
    prometheus: endpoint && {
      handler: endpoint.handler,
      listening: config.prometheus.listen ? endpoint.listen() : undefined,
    },
  }
  const stopListening = shutdownOn(config.shutdownOn, { shutdown: tokmeter.shutdown, flush: tokmeter.forceFlush })
  return tokmeter
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function endSpan(span: OperationSpan, operation: CleanOperation | undefined): void {
  try {
    span.end(operation)
  } catch {
    // A span processor of the application's that throws: the operation is counted all the same.
  }
}

function identityKey({ identityKey: key }: Config): string | Uint8Array {
  return key ?? randomBytes(32)
}

/** Waits for `work`, but not past `deadline`, a time of `performance.now()`. */
async function atMost(work: Promise<unknown>, deadline: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadline - performance.now()))
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

function setDiagLogger(level: string | undefined): void {
  const logLevel = level && DiagLogLevel[level.toUpperCase() as keyof typeof DiagLogLevel]
  if (logLevel !== undefined && logLevel !== '') diag.setLogger(new DiagConsoleLogger(), { logLevel })
}
