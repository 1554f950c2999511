/** What each option allows and all of them together do not. */
import { existsSync, statSync } from 'node:fs'
import { mistakesOfChannel } from '../alert/channel/channels.js'
import { mistakesOfRule } from '../alert/rule-mistakes.js'
import { shortageOf } from '../budget/budget.js'
import { isLoopback } from '../security/binding.js'
import { budgetsOf } from './budget-settings.js'
import { type Path, pathText } from './places.js'
import type { Config } from './schema.js'
import { keptDaysOf } from './store-settings.js'

/** `about`: the options it is about, the first of them the one to be named; when one of them is wrong already, there is nothing to add. */
export type Contradiction = {
  readonly about: readonly [Path, ...Path[]]
  readonly message: string
}

/** All contradictions of `config`. Looks at the files it names, not at the network. No message holds a value: it may have come from a variable. */
export function contradictionsOf(config: Config): Contradiction[] {
  return [
    ...listening(config),
    ...storing(config),
    ...forwarding(config),
    ...tokens(config),
    ...budgets(config),
    ...judging(config),
    ...alerts(config),
    ...files(config),
  ]
}

function* listening({ listen, tokens, metrics }: Config): Generator<Contradiction> {
  const { host, tls, limits } = listen
  if (!isLoopback(host) && tokens.length === 0) {
    const message =
      'listen.host can be reached by other machines, and there are no tokens: add one to tokens (`tokmeter hash-token`), or listen on 127.0.0.1'
    yield { about: [['listen', 'host'], ['tokens']], message }
  }
  yield* pair(['listen', 'tls'], tls)
  if (tls.clientCa !== undefined && tls.cert === undefined && tls.key === undefined) {
    const message = 'listen.tls.clientCa is of no use without listen.tls.cert and listen.tls.key'
    yield { about: [['listen', 'tls', 'clientCa']], message }
  }
  if (limits.memory < 2 * limits.body) {
    const message =
      'listen.limits.memory must be at least twice listen.limits.body: compressed and decompressed, the largest body needs as much'
    yield {
      about: [
        ['listen', 'limits', 'memory'],
        ['listen', 'limits', 'body'],
      ],
      message,
    }
  }
  if (limits.headersTimeout > limits.requestTimeout) {
    const message = 'listen.limits.headersTimeout must not be longer than listen.limits.requestTimeout'
    yield {
      about: [
        ['listen', 'limits', 'headersTimeout'],
        ['listen', 'limits', 'requestTimeout'],
      ],
      message,
    }
  }
  if (/^\/(v1|api|health|ready)(\/|$)/.test(metrics.path)) {
    const message = 'metrics.path is taken: /v1, /api, /health and /ready have other uses'
    yield { about: [['metrics', 'path']], message }
  }
}

function* storing({ store }: Config): Generator<Contradiction> {
  if (store.path !== undefined && store.url !== undefined) {
    const message = 'store.path and store.url exclude each other: the store is embedded, or a ClickHouse server'
    yield {
      about: [
        ['store', 'path'],
        ['store', 'url'],
      ],
      message,
    }
  }
  for (const option of ['username', 'password', 'cluster'] as const) {
    if (store[option] === undefined || store.url !== undefined) continue
    yield {
      about: [
        ['store', option],
        ['store', 'url'],
      ],
      message: `store.${option} is of a ClickHouse server: it needs store.url`,
    }
  }
}

function* forwarding({ forward, listen }: Config): Generator<Contradiction> {
  for (const [index, target] of forward.entries()) {
    const at = (...rest: string[]): Path => ['forward', index, ...rest]
    const same = forward.findIndex(({ name }) => name === target.name)
    if (same < index) {
      const message = `forward[${index}] has the name of forward[${same}]: give each a name of its own`
      yield { about: [at('name')], message }
    }
    if (isItself(target.url, listen)) {
      const message = `forward[${index}].url is the collector itself: what it sends would come back without end`
      yield { about: [at('url'), ['listen', 'port']], message }
    }
    if (target.retry.initial > target.retry.max) {
      const message = `forward[${index}].retry.initial must not be longer than forward[${index}].retry.max`
      yield { about: [at('retry', 'initial'), at('retry', 'max')], message }
    }
    if (target.signals.length === 0) yield { about: [at('signals')], message: `forward[${index}].signals names none` }
    yield* pair(at('tls'), target.tls)
  }
}

function isItself(url: string, { host, port }: Config['listen']): boolean {
  const { hostname, port: given, protocol } = new URL(url)
  const target = hostname.replace(/^\[|\]$/g, '')
  const targetPort = given === '' ? (protocol === 'https:' ? 443 : 80) : Number(given)
  const isHere = target === host || (isLoopback(target) && (isLoopback(host) || host === '0.0.0.0' || host === '::'))
  return port !== 0 && targetPort === port && isHere
}

function* tokens({ tokens }: Config): Generator<Contradiction> {
  for (const [index, token] of tokens.entries()) {
    const same = tokens.findIndex(({ name }) => name === token.name)
    if (same < index) {
      yield {
        about: [['tokens', index, 'name']],
        message: `tokens[${index}] has the name of tokens[${same}]`,
      }
    }
    const twin = tokens.findIndex(({ hash }) => hash === token.hash)
    if (twin < index)
      yield { about: [['tokens', index, 'hash']], message: `tokens[${index}] is the same token as tokens[${twin}]` }
    if (token.scopes.length === 0)
      yield {
        about: [['tokens', index, 'scopes']],
        message: `tokens[${index}].scopes names none: such a token may do nothing`,
      }
  }
}

function* budgets(config: Config): Generator<Contradiction> {
  for (const [index, budget] of budgetsOf(config).entries()) {
    const same = config.budgets.findIndex(({ name }) => name === budget.name)
    if (same < index)
      yield { about: [['budgets', index, 'name']], message: `budgets[${index}] has the name of budgets[${same}]` }
    const shortage = shortageOf(budget, keptDaysOf(config))
    if (shortage !== undefined) {
      yield {
        about: [
          ['budgets', index, 'period'],
          ['budgets', index],
          ['store', 'retention'],
        ],
        message: `budgets[${index}] ${shortage}`,
      }
    }
  }
}

function* judging({ anomalies, health }: Config): Generator<Contradiction> {
  const { success, performance, activity } = health.weights
  if (success + performance + activity === 0)
    yield { about: [['health', 'weights', 'success']], message: 'health.weights must not all be 0' }
  if (health.latency.good >= health.latency.poor) {
    yield {
      about: [
        ['health', 'latency', 'good'],
        ['health', 'latency', 'poor'],
      ],
      message: 'health.latency.good must be less than health.latency.poor',
    }
  }
  for (const name of ['errorRate', 'latency', 'trafficDrop', 'costSpike', 'tokens'] as const) {
    const { info, warning, critical } = anomalies[name]
    if (info <= warning && warning <= critical) continue
    yield {
      about: [
        ['anomalies', name, 'warning'],
        ['anomalies', name, 'info'],
        ['anomalies', name, 'critical'],
      ],
      message: `anomalies.${name} must not be lower for a worse severity`,
    }
  }
  if (anomalies.minWeeks > anomalies.weeks) {
    yield {
      about: [
        ['anomalies', 'minWeeks'],
        ['anomalies', 'weeks'],
      ],
      message: 'anomalies.minWeeks must not be more than anomalies.weeks',
    }
  }
}

function* pair(
  path: Path,
  { cert, key }: { cert?: string | undefined; key?: string | undefined },
): Generator<Contradiction> {
  if ((cert === undefined) === (key === undefined)) return
  const [has, lacks] = cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const)
  const about: Contradiction['about'] = [
    [...path, has],
    [...path, lacks],
  ]
  yield { about, message: `${pathText(about[0])} needs ${lacks} beside it` }
}

function* files({ listen, forward, prices, views }: Config): Generator<Contradiction> {
  const named: [Path, string | undefined][] = [
    ...Object.entries(listen.tls).map(([option, file]): [Path, string | undefined] => [
      ['listen', 'tls', option],
      file,
    ]),
    ...forward.flatMap(({ tls }, index) =>
      Object.entries(tls).map(([option, file]): [Path, string | undefined] => [
        ['forward', index, 'tls', option],
        file,
      ]),
    ),
    [['prices', 'file'], prices.file],
    [['views'], views],
  ]
  for (const [path, file] of named) {
    if (file === undefined || (existsSync(file) && statSync(file).isFile())) continue
    yield { about: [path], message: `${pathText(path)}: there is no such file` }
  }
}

function* alerts({ alerts: { rules, channels } }: Config): Generator<Contradiction> {
  const lists = [
    ['rules', rules, mistakesOfRule],
    ['channels', channels, mistakesOfChannel],
  ] as const
  for (const [list, entries, mistakesOf] of lists) {
    for (const [index, entry] of entries.entries()) {
      const at = (...rest: (string | number)[]): Path => ['alerts', list, index, ...rest]
      const same = entries.findIndex(({ name }) => name === entry.name)
      if (same < index)
        yield { about: [at('name')], message: `alerts.${list}[${index}] has the name of alerts.${list}[${same}]` }
      for (const { option, message } of mistakesOf(entry as never))
        yield { about: [at(...option)], message: `${pathText(at(...option))} ${message}` }
    }
  }
}
