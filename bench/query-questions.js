/** What the benches ask of the query API: for each endpoint what dashboards, reports and people ask it, over a day, a week and a month. */

/**
 * @typedef {object} Asked
 * @property {string} path With its query, below the collector's address.
 * @property {object} [body] Of a POST.
 * @property {string} range
 * @property {boolean} isRaw Answered, at least in part, from the operations themselves: it tells users, conversations or tags apart.
 */

/**
 * What is asked. `at`: the path, where the endpoint's own has a name to be filled in.
 * @typedef {{ parameters: Record<string, string>, at?: string, isRaw?: boolean } | { body: object, isRaw?: boolean }} Variant
 */

const HOUR = 3_600_000
const DAY = 24 * HOUR
const RANGES = { '24 h': DAY, '7 d': 7 * DAY, '30 d': 30 * DAY - HOUR }

/** As `bench/query-rows.js` makes them. */
const USER = 'a6a03a321dfc9ab85c186fe4b38338a2'
const [MODEL, SERVICE, PROVIDER, AGENT] = ['gpt-4o-mini', 'search', 'anthropic', 'planner']

/** @param {string} field @param {string} aggregation */
const metric = (field, aggregation) => ({ field, aggregation })

/** The usual filters: none, a service in production, one provider. */
const FILTERED = [{}, { service: SERVICE, environment: 'production' }, { provider: PROVIDER }]
const filtered = (/** @type {Record<string, string>} */ parameters = {}, isRaw = false) =>
  FILTERED.map((filter) => ({ parameters: { ...filter, ...parameters }, isRaw }))
const ofUser = (/** @type {Record<string, string>} */ parameters = {}) => ({
  parameters: { user_id: USER, ...parameters },
  isRaw: true,
})

/** By the path of the endpoint below `/api/v1`, without its range. @type {Record<string, readonly Variant[]>} */
const VARIANTS = {
  '/query': [
    { body: { metrics: [metric('cost_usd', 'sum'), metric('operations', 'count')], group_by: ['model', 'service'] } },
    {
      body: {
        metrics: [metric('duration_ms', 'p95'), metric('duration_ms', 'p99'), metric('error_rate', 'avg')],
        group_by: ['provider'],
        interval: '1h',
      },
    },
    {
      body: {
        metrics: [metric('total_tokens', 'sum'), metric('model', 'uniq')],
        group_by: ['agent'],
        filters: [{ dimension: 'agent', operator: 'ne', value: '' }],
        having: [{ metric: 'sum_total_tokens', operator: 'gt', value: 1000 }],
      },
    },
    { body: { metrics: [metric('cost_usd', 'sum'), metric('user_id', 'uniq')], group_by: ['tag:team'] }, isRaw: true },
    { body: { metrics: [metric('duration_ms', 'p95')], group_by: ['user_id'], limit: 20 }, isRaw: true },
  ],
  '/costs': [...filtered(), { parameters: { model: MODEL } }, ofUser()],
  '/costs/breakdown': filtered({}, true),
  '/costs/unit': filtered({}, true),
  '/costs/projection': filtered(),
  '/tokens': [...filtered(), { parameters: { agent: AGENT } }, ofUser()],
  '/performance': [...filtered(), { parameters: { model: MODEL } }, ofUser()],
  '/performance/distribution': filtered(),
  '/anomalies': [{ parameters: {} }, { parameters: { service: SERVICE } }],
  '/metrics/summary': [...filtered(), ofUser()],
  '/metrics/conversations': [...filtered({}, true), ofUser()],
  '/metrics/models': [...filtered(), { parameters: { models: `${MODEL},gpt-4.1,claude-sonnet-4-5` } }],
  '/metrics/trends': [...filtered(), { parameters: { model: MODEL } }],
  '/operations': [
    { parameters: {}, isRaw: true },
    { parameters: { service: SERVICE, failed: 'true' }, isRaw: true },
    ofUser(),
  ],
  '/top': [
    { parameters: {} },
    { parameters: { dimension: 'service', by: 'tokens' } },
    { parameters: { dimension: 'provider', by: 'latency' } },
    { parameters: { dimension: 'error_type', by: 'errors' } },
    { parameters: { dimension: 'user_id' }, isRaw: true },
    { parameters: { dimension: 'tag:feature' }, isRaw: true },
  ],
  '/notices': [{ parameters: {} }],
  '/reports/daily': filtered(),
  '/reports/weekly': filtered(),
  '/reports/monthly': filtered(),
  '/health-scores': [{ parameters: {} }, { parameters: { by: 'service', environment: 'production' } }],
  '/alerts': [{ parameters: {} }],
  '/alerts/rules': [{ parameters: {} }],
  '/budgets': [{ parameters: {} }],
  '/budgets/{name}': [{ parameters: {}, at: '/budgets/services' }],
}

/** Of no range: what they answer is always that of now, or of the current month. */
const WITHOUT_RANGE = ['/costs/projection', '/budgets', '/budgets/{name}', '/alerts', '/alerts/rules']
/** Of the day of the history's end, or of the week or month it is in. */
const BY_DATE = ['/reports/daily', '/reports/weekly', '/reports/monthly']
/** What never ends is no answer that could be waited for. */
const ENDLESS = ['/live']

/**
 * By endpoint. Throws where the collector has an endpoint that nothing is asked of here, or has one no more.
 * @param {{ paths: Record<string, unknown> }} document Its OpenAPI document.
 * @param {number} end Epoch milliseconds: no range ends later.
 * @returns {Map<string, Asked[]>}
 */
export function questionsOf(document, end) {
  const paths = Object.keys(document.paths).map((path) => path.replace(/^\/api\/v1/, ''))
  const missing = paths.filter((path) => !Object.hasOwn(VARIANTS, path) && !ENDLESS.includes(path))
  const gone = Object.keys(VARIANTS).filter((path) => !paths.includes(path))
  if (missing.length > 0) throw new Error(`bench/query-questions.js asks nothing of ${missing.join(', ')}`)
  if (gone.length > 0) throw new Error(`bench/query-questions.js asks what there is no more: ${gone.join(', ')}`)
  return new Map(
    Object.entries(VARIANTS).map(([path, variants]) => {
      const asked = rangesOf(path, end).flatMap(([range, times]) =>
        variants.map((variant) => askedOf(path, variant, range, times)),
      )
      return [path, asked]
    }),
  )
}

/** What an endpoint is asked of, by name. @param {string} path @param {number} end @returns {(readonly [string, Record<string, string>])[]} */
function rangesOf(path, end) {
  if (WITHOUT_RANGE.includes(path)) return [['now', {}]]
  if (BY_DATE.includes(path)) return [['the last whole day', { date: new Date(end - DAY).toISOString().slice(0, 10) }]]
  return Object.entries(RANGES).map(([range, length]) => [range, rangeOf(end, length)])
}

/** Not of whole hours, as nobody's are. @param {number} end @param {number} length @returns {Record<string, string>} */
function rangeOf(end, length) {
  const last = end - 17 * 60_000 - 23_456
  return { start_time: new Date(last - length).toISOString(), end_time: new Date(last).toISOString() }
}

/** @param {string} path @param {Variant} variant @param {string} range @param {Record<string, string>} times @returns {Asked} */
function askedOf(path, variant, range, times) {
  const isRaw = variant.isRaw === true
  if ('body' in variant) return { path: `/api/v1${path}`, body: { ...times, ...variant.body }, range, isRaw }
  const query = new URLSearchParams({ ...times, ...variant.parameters }).toString()
  return { path: `/api/v1${variant.at ?? path}${query && '?'}${query}`, range, isRaw }
}
