/** Puts the collector together: receive → normalise → price → queue → store / forward. Only here is the order known: built last to first, stopped first to last. */
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { Aggregation, createInstruments, meterSource, type Operation, SCHEMA_URL } from 'tokmeter/core'
import { alertEndpoints } from './alert/endpoints.js'
import { createApi } from './api.js'
import type { IdentifiedOperation } from './batch.js'
import { Budgets } from './budget/budgets.js'
import { createBudgetEndpoints } from './budget/endpoints.js'
import type { Running } from './cli/collect.js'
import { budgetsOf } from './config/budget-settings.js'
import type { Changes } from './config/changes.js'
import { effectiveConfig } from './config/effective.js'
import { keptDaysOf, retentionOf } from './config/store-settings.js'
import type { Config } from './config.js'
import {
  identityHashOf,
  openConfiguredStore,
  pricerOf,
  queueOptions,
  serverLimitsOf,
  tlsFilesOf,
} from './configured.js'
import { startAlerting } from './configured-alerting.js'
import { erase } from './erasing.js'
import { Forwarding, targetOf } from './forwarding.js'
import { createHealth } from './health.js'
import { createIngestPressure } from './ingest-pressure.js'
import { createIntake } from './intake.js'
import { Lifecycle } from './lifecycle.js'
import { createLiveRoute } from './live/route.js'
import { createLive, LIVE_ENDPOINT } from './live-sources.js'
import type { Log } from './log.js'
import { createMetricsPage } from './metrics-page.js'
import { DialectTotals } from './normalise/dialect-totals.js'
import { SELECTIONS } from './normalise/dialects.js'
import { createNormaliser, type Normalised } from './normalise/normalise.js'
import { decode } from './otlp/decode.js'
import { Presence } from './presence.js'
import { AnswerCache } from './query/answer-cache.js'
import { createJudgements } from './query/judgements.js'
import { createQueryRoutes, ENDPOINTS } from './query/routes.js'
import { openQueue } from './queue/open-queue.js'
import { createHttpServer, readCertificates } from './receive/http-server.js'
import { createReceive } from './receive/receive.js'
import { checkBinding } from './security/binding.js'
import { checkOrigins } from './security/cors.js'
import { MemoryBudget } from './security/memory-budget.js'
import { Sessions } from './security/sessions.js'
import { Tokens } from './security/tokens.js'
import { createLogin } from './show/login.js'
import { createPages } from './show/pages.js'
import { dashboardSettings } from './show/settings.js'
import { systemState } from './show/system-state.js'
import type { Store } from './store/store.js'
import { StoreWriter } from './store-writer.js'
import { targetSnapshots } from './target-snapshots.js'
import { createTelemetry } from './telemetry.js'
import { readinessOf } from './troubles.js'
import { countOutcome } from './uncounted-outcomes.js'
import { Upkeep } from './upkeep.js'
import { loadUserModule } from './user-module.js'
import { Watch } from './watch.js'
import { inWords } from './worded-intake.js'

export type Collector = Running & {
  /** Where it listens: `http://127.0.0.1:4318`. */
  readonly url: string
}

export type CollectorOptions = { readonly config: Config; readonly version: string; readonly log: Log }

/** Bytes of answers that are kept for who asks the same. */
const ANSWER_BYTES = 32 * 2 ** 20
/** Share of the time for stopping that is left to each of the two who may have a backlog. */
const BACKLOG_SHARE = 0.4
/** Starts a collector: resolves when it listens. Rejects, having stopped whatever was started, with an error that says what is wrong. */
export async function startCollector({ config: given, version, log }: CollectorOptions): Promise<Collector> {
  let config = given
  checkBinding(config.listen.host, config.tokens.length > 0)
  checkOrigins(config.listen.cors.origins)
  let tokens = new Tokens(config.tokens)
  const sessions = new Sessions()
  const { views, tagAttributes, rulesInCode } = await loadUserModule(config.views)
  const discarded = new Map<string, number>()
  const overflowed = new Map<string, number>()
  const dialects = new DialectTotals()
  const hashIdentity = identityHashOf(config)
  const onDiscard = (field: string) => count(discarded, field)
  let pricer = pricerOf(config)
  const price = (operation: Operation) => pricer.price(operation)
  const answers = new AnswerCache({ maxBytes: ANSWER_BYTES })
  const memory = new MemoryBudget(config.listen.limits.memory)
  const pressure = createIngestPressure(() => queue.store.waiting.operations)
  const lifecycle = new Lifecycle({
    timeoutMs: config.shutdownTimeout,
    onTrouble: (stage, error) => log.error({ stage, err: error }, 'a stage did not stop as it should'),
  })
  const backlogMs = BACKLOG_SHARE * config.shutdownTimeout

  // Store. An embedded one that cannot be opened is a reason not to start; a server may be away for a while.
  let writer: StoreWriter<Store> | undefined
  const embedded = await lifecycle.build(
    'store',
    async () => (config.store.url === undefined ? openConfiguredStore(config, pressure.now) : undefined),
    (made) => (writer?.store ?? made)?.close(),
  )
  const queue = await lifecycle.build(
    'queue',
    () => openQueue(queueOptions(config)),
    (made) => made.close(),
  )
  // Behind the writer, so that the last word is of all it stored.
  const presence = await lifecycle.build(
    'presence',
    () => new Presence({ store: () => writer?.store }),
    (made) => made.tellStopped(),
  )
  const storing = await lifecycle.build(
    'store writer',
    () =>
      new StoreWriter({
        source: queue.store,
        open: async () => embedded ?? openConfiguredStore(config),
        onTrouble: (error, retryInMs) =>
          log.error({ err: error, retryInMs }, 'operations cannot be stored; they wait in the queue'),
        onRecovered: () => log.info({}, 'operations are stored again'),
      }),
    (made) => made.stop(backlogMs),
  )
  writer = storing
  const upkeep = await lifecycle.build(
    'upkeep',
    () => new Upkeep({ store: () => storing.store, retention: () => retentionOf(config), log }),
    (made) => made.stop(),
  )

  // Forward.
  const forwarding = await lifecycle.build(
    'forwarding',
    () =>
      new Forwarding(
        {
          sourceOf: (name) => queue.target(name),
          onFailure: (report) => log.warn(report, 'forwarding failed and is tried again'),
          onRejected: (report) => log.error(report, 'a target rejected what was forwarded'),
        },
        config.forward.map(targetOf),
      ),
    (made) => made.close(backlogMs),
  )

  const budgets = new Budgets({
    kept: () => keptDaysOf(config),
    onUnreadable: (name, cause) =>
      log.warn({ name, err: cause }, 'a budget in the store cannot be read and is left out'),
  })
  budgets.configure(budgetsOf(config))
  const alerting = await lifecycle.build(
    'alerts',
    () => startAlerting(() => config, { rulesInCode, budgets, queue, log }),
    (made) => made.close(),
  )
  const live = await lifecycle.build(
    'live',
    () => createLive({ config, budgets, alerting, log }),
    (made) => made.stop(),
  )

  // Metrics.
  const sources = {
    ledger: () => queue.ledger(),
    queue: () => queue.sizes,
    targets: () => targetSnapshots(config.forward, forwarding, queue),
    store: () => upkeep.found,
    normalise: () => dialects.snapshot(),
    memory: () => memory,
    answers: () => answers.counts,
    pressure: pressure.now,
    budgets: () => budgets.evaluations(),
    alerts: () => alerting.counts(),
    live: () => live.counts,
    discarded: () => Object.fromEntries(discarded),
    overflowed: () => Object.fromEntries(overflowed),
  }
  let aggregation: Aggregation | undefined
  const scope = { name: 'tokmeter', version, schemaUrl: SCHEMA_URL }
  const telemetry = await lifecycle.build(
    'telemetry',
    () =>
      createTelemetry({
        version,
        views,
        scopeLabels: config.metrics.scopeLabels,
        sources,
        joinReaders(readers) {
          aggregation = new Aggregation({ scope, readers, views })
          return aggregation.readers
        },
        onTrouble: (message) => log.warn({}, message),
      }),
    (made) => made.shutdown(),
  )
  const meter = telemetry.meterProvider.getMeter(scope.name, scope.version, { schemaUrl: scope.schemaUrl })
  const instruments = createInstruments(
    aggregation!.source(meterSource(meter, () => count(discarded, 'measurement'))),
    {
      edition: config.semconv,
      tagAttributes,
      attributeValueLimit: config.limits.attributeValues,
      seriesLimit: config.limits.series,
      onOverflow: (attribute) => count(overflowed, attribute),
    },
  )
  function measure(operations: readonly IdentifiedOperation[]): void {
    for (const operation of operations) instruments.record(operation)
    instruments.flush(() => false)
    presence.add(operations)
    live.accept(operations)
  }

  // Watch.
  const watch = await lifecycle.build(
    'watch',
    () =>
      new Watch<Store>({
        store: () => storing.store,
        kept: () => keptDaysOf(config),
        tasks: [
          { name: 'presence', run: () => presence.tellStarted() },
          { name: 'budgets', run: (look) => budgets.look(look) },
          { name: 'alerts', run: (look) => alerting.look(look) },
        ],
        onTrouble: (task, error) => log.warn({ task, err: error }, 'the store could not be looked at'),
      }),
    (made) => made.stop(),
  )

  // Receive.
  const intake = createIntake<Normalised>({
    decode: (signal, encoding, body) => decode(signal, encoding, body, SELECTIONS),
    normalise: createNormaliser({ price, hashIdentity, onDiscard }),
    price,
    queue,
    onAccepted: measure,
    onNormalised: (found) => dialects.add(found),
  })
  const app = await lifecycle.build(
    'server',
    () => listen(),
    (made) => made.close(),
  )

  async function listen(): Promise<FastifyInstance> {
    const { listen } = config
    const tls = tlsFilesOf(config)
    const server = createHttpServer({
      // What it has to say of ordinary things is said here, in fewer words.
      log: log.child({}, { level: log.isLevelEnabled('warn') ? 'warn' : log.level }),
      limits: serverLimitsOf(config),
      ...(tls && { tls }),
      tokens: () => tokens,
      sessions,
      cors: () => ({ origins: config.listen.cors.origins, maxAgeSeconds: config.listen.cors.maxAge / 1000 }),
      onRequest: telemetry.request,
    })
    server.register(
      createReceive({
        intake: inWords(intake),
        memory,
        hashIdentity,
        bodyLimit: listen.limits.body,
        eventsLimit: listen.limits.events,
        onOutcome: (outcome) => countOutcome(queue, outcome),
        busy: pressure.taking,
        onDiscard,
      }),
    )
    server.register(createHealth({ version, checks: readinessOf(storing, queue) }))
    server.register(createLogin({ tokens: () => tokens, sessions }))
    server.register(
      createPages({ settings: () => dashboardSettings(version, config), system: () => systemState(sources) }),
    )
    server.register(createMetricsPage({ path: config.metrics.path, page: () => telemetry.page() }))
    server.register(
      createApi({
        ledger: () => ({ ...queue.ledger(), imported: upkeep.found?.imported ?? null }),
        config: () => effectiveConfig(config),
        eraseIdentity: (hash) => erase(storing, hash).finally(() => answers.clear()),
      }),
    )
    server.register(
      createQueryRoutes({
        version,
        store: () => storing.store,
        kept: () => keptDaysOf(config),
        cache: answers,
        perMinute: listen.limits.questions,
        described: [LIVE_ENDPOINT],
        endpoints: [
          ...ENDPOINTS,
          ...createJudgements(() => config),
          ...alertEndpoints(alerting),
          ...createBudgetEndpoints({ budgets, store: () => storing.store, kept: () => keptDaysOf(config) }),
        ],
      }),
    )
    server.register(createLiveRoute({ live }))
    await server.listen({ host: listen.host, port: listen.port })
    return server
  }

  /** All of it or nothing: whatever can be wrong is looked at before anything is changed. */
  async function reload({ live: changed, config: next }: Changes): Promise<void> {
    const nextTokens = new Tokens(next.tokens)
    checkBinding(next.listen.host, next.tokens.length > 0)
    checkOrigins(next.listen.cors.origins)
    const targets = next.forward.map(targetOf)
    const nextPricer = pricerOf(next)
    const tls = tlsFilesOf(next)
    const useCertificates = tls === undefined ? () => {} : readCertificates(app, tls)
    // The disk may fail here. What follows cannot.
    await forwarding.change(targets, async () => {
      if (changed.includes('forward')) await queue.setTargets(next.forward)
    })
    useCertificates()
    pricer = nextPricer
    if (!isDeepStrictEqual(next.tokens, config.tokens)) sessions.clear()
    tokens = nextTokens
    // Who may no longer read reads no more; the others come again.
    if (changed.includes('tokens')) live.disconnect()
    log.level = next.log.level
    config = next
    budgets.configure(budgetsOf(config))
    // What they were judged by may be another now.
    answers.clear()
    await alerting.configure(config.alerts)
    void upkeep.lookAfter()
    void watch.look()
  }

  return { url: app.listeningOrigin, log, reload, stop: () => lifecycle.stop() }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
