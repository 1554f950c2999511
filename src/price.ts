/** Prices operations: usage to integer nano-dollars, with provenance. Looks prices up, once per provider and model; makes no network call. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { diag } from '@opentelemetry/api'
import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { operationKind, SPENDING_KINDS } from './catalogue.js'
import type { Cost, Operation, Usage } from './operation.js'
import {
  type CustomPrice,
  type ListedPrice,
  longestName,
  parsePrices,
  pricesFor,
  readPriceFile,
  refuseUnknownKeys,
} from './price-list.js'
import { always, compileCatalogue, compilePlan } from './price-plan.js'
import { createRate, type Rate } from './price-rate.js'

export type { CustomPrice, Rate }

export type PricerOptions = {
  /** Prices of your own: they win over the catalogue's, and over those of `file` where both say the same of a model. */
  readonly prices?: readonly CustomPrice[] | undefined
  /** A JSON file `{ "prices": [...] }` of the same shape, read at start and by `reloadFile()`. */
  readonly file?: string | undefined
  /** Told why a list was refused while running. @default OpenTelemetry's `diag` */
  readonly onError?: ((error: Error) => void) | undefined
}

export type Pricer = {
  /** Version of the catalogue, e.g. `genai-prices@0.1.8`. */
  readonly version: string
  /** Looked-up models kept at the moment, unknown ones included; never more than 2,000. */
  readonly cacheSize: number
  /** The user's own rate where there is one, else the catalogue's; undefined for a model neither knows. */
  rate(provider: string | undefined, model: string): Rate | undefined
  /** What an operation cost; undefined when that is unknown, which is not the same as nothing. Never throws. */
  price(operation: Operation): Cost | undefined
  /** Puts other prices in the place of `options.prices`. A bad list is refused whole: the old one stays, `onError` is told, false is returned. */
  reload(prices: readonly CustomPrice[]): boolean
  /** Reads `options.file` again, by the same rules. True without a file, as there is nothing to read. */
  reloadFile(): boolean
}

/**
 * Gives an operation that spends and has no cost the one `price` finds. In place, so `operation` must be the caller's own; with a spread
 * it would have another shape than all others, which is ten times slower to read.
 */
export function priceInPlace(operation: Operation, price: (operation: Operation) => Cost | undefined): void {
  if (operation.cost !== undefined || !SPENDING_KINDS.includes(operationKind(operation.operation))) return
  ;(operation as { cost?: Cost | undefined }).cost = price(operation)
}

/** What is known of one model: the override, in force from an epoch millisecond on, and the catalogue's rate. */
type Entry = {
  readonly override: Rate | undefined
  readonly overrideFrom: number
  readonly catalogue: Rate | undefined
}

type Models = Map<string, Entry>

const unknownModel: Entry = { override: undefined, overrideFrom: Number.POSITIVE_INFINITY, catalogue: undefined }

// Two generations of this many lookups are kept: a model in use moves on to the young one, a flood of names dies with the old.
const generationCapacity = 1000

/** Provider names of the conventions and of common clients, where the catalogue would not recognise them or take them for another. */
const catalogueIds: ReadonlyMap<string, string> = new Map([
  ['aws.bedrock', 'aws'],
  ['bedrock', 'aws'],
  ['amazon-bedrock', 'aws'],
  ['azure.ai.openai', 'azure'],
  ['azure.ai.inference', 'azure'],
  ['azure-openai', 'azure'],
  ['azure_openai', 'azure'],
  ['az.ai.openai', 'azure'],
  ['az.ai.inference', 'azure'],
  ['gcp', 'google'],
  ['gcp.gemini', 'google'],
  ['gcp.vertex_ai', 'google'],
  ['gcp.gen_ai', 'google'],
  ['mistral_ai', 'mistral'],
  ['moonshot_ai', 'moonshotai'],
  ['x_ai', 'x-ai'],
  ['xai', 'x-ai'],
  ['togetherai', 'together'],
  ['together.ai', 'together'],
  ['fireworks_ai', 'fireworks'],
  ['fireworks-ai', 'fireworks'],
  ['fireworksai', 'fireworks'],
  // Gateways name models `provider/model` and charge list prices; the library takes such names apart under this id.
  ['litellm', 'litellm'],
  ['gateway', 'litellm'],
  ['vercel', 'litellm'],
])

/**
 * Providers without a list price in the catalogue, whose models carry names of models that others sell: found by the
 * model's name alone, a model run on one's own machine would be charged at the price of somebody's API.
 */
const unlistedProviders: ReadonlySet<string> = new Set([
  'ibm.watsonx.ai',
  'ollama',
  'vllm',
  'sglang',
  'tgi',
  'llamacpp',
  'llama.cpp',
  'llama-cpp',
  'lmstudio',
  'lm-studio',
  'localai',
])

/** Makes a pricer. Throws when a price or the file is not as it should be. */
export function createPricer(options: PricerOptions = {}): Pricer {
  refuseUnknownKeys({ ...options }, ['prices', 'file', 'onError'], '')
  if (options.file !== undefined && typeof options.file !== 'string') {
    throw new TypeError(`file must be the path of a JSON file; got ${String(options.file)}`)
  }
  const onError = options.onError ?? ((error: Error) => diag.error(`tokmeter: ${error.message}`))
  const version = catalogueVersion()
  let fromFile = options.file === undefined ? [] : readPriceFile(options.file)
  let fromCode = parsePrices(options.prices ?? [])
  let listed: readonly ListedPrice[] = []
  let listedVersion = ''
  let young = new Map<string | undefined, Models>()
  let old = young
  let youngSize = 0
  let oldSize = 0
  adopt()

  function adopt(): void {
    listed = [...fromFile, ...fromCode]
    listedVersion = versionOf(listed)
    young = new Map()
    old = new Map()
    youngSize = 0
    oldSize = 0
  }

  function attempt(change: () => void): boolean {
    try {
      change()
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
      return false
    }
    adopt()
    return true
  }

  function entryOf(provider: string | undefined, model: string): Entry {
    const known = young.get(provider)?.get(model)
    if (known !== undefined) return known
    if (!isName(model) || (provider !== undefined && !isName(provider))) return unknownModel
    const entry = old.get(provider)?.get(model) ?? lookUp(provider, model)
    if (youngSize === generationCapacity) {
      old = young
      oldSize = youngSize
      young = new Map()
      youngSize = 0
    }
    let models = young.get(provider)
    if (models === undefined) {
      models = new Map()
      young.set(provider, models)
    }
    models.set(model, entry)
    youngSize++
    return entry
  }

  function lookUp(provider: string | undefined, model: string): Entry {
    const catalogueId = catalogueIdOf(provider)
    const catalogue = catalogueId === null ? undefined : catalogueRate(catalogueId, model, version)
    const own =
      listed.length === 0 ? [] : pricesFor(listed, [provider?.trim().toLowerCase(), catalogueId ?? undefined], model)
    if (own.length === 0) return catalogue === undefined ? unknownModel : { ...unknownModel, catalogue }
    const periods = own.map(({ from, prices }) => ({ ...always(compilePlan(prices)), from }))
    const overrideFrom = Math.min(...own.map(({ from }) => from))
    return { override: createRate(periods, 'override', listedVersion), overrideFrom, catalogue }
  }

  return {
    version,
    get cacheSize() {
      return youngSize + oldSize
    },
    rate(provider, model) {
      const entry = entryOf(provider ?? undefined, model)
      return entry.override ?? entry.catalogue
    },
    price(operation) {
      const reported = operation.cost
      if (reported != null && Number.isSafeInteger(reported.nanoDollars) && reported.nanoDollars >= 0) return reported

      const usage = pricedUsage(operation)
      if (usage === undefined) return undefined
      const provider = operation.provider ?? undefined
      const startTime = Number.isFinite(operation.startTime)
        ? (operation.startTime as number)
        : Date.now() - (operation.durationMs ?? 0)
      const response = operation.responseModel == null ? unknownModel : entryOf(provider, operation.responseModel)
      if (response.overrideFrom <= startTime) return costOf(response.override, usage, startTime)
      // A price of the user's own for the model asked for is a decision, so it goes before the catalogue's for the one that answered.
      const isRequestNeeded = response.catalogue === undefined || listed.length > 0
      const request =
        isRequestNeeded && operation.requestModel != null ? entryOf(provider, operation.requestModel) : unknownModel
      if (request.overrideFrom <= startTime) return costOf(request.override, usage, startTime)
      return costOf(response.catalogue ?? request.catalogue, usage, startTime)
    },
    reload(prices) {
      return attempt(() => {
        fromCode = parsePrices(prices)
      })
    },
    reloadFile() {
      const { file } = options
      if (file === undefined) return true
      return attempt(() => {
        fromFile = readPriceFile(file)
      })
    },
  }
}

function costOf(rate: Rate | undefined, usage: Usage, startTime: number): Cost | undefined {
  if (rate === undefined) return undefined
  const nanoDollars = rate.nanoDollars(usage, startTime)
  return Number.isNaN(nanoDollars) ? undefined : { nanoDollars, source: rate.source, version: rate.version }
}

/** The usage to charge; undefined when neither total is known. */
function pricedUsage({ usage, operation }: Operation): Usage | undefined {
  if (usage == null) return undefined
  if (usage.outputTokens == null) {
    if (usage.inputTokens == null) return undefined
    // An embedding has no output to count: here, absent is zero. Some lists price its output all the same.
    if (operation === 'embeddings') return withoutOutput(usage)
  }
  return usage
}

function withoutOutput(usage: Usage): Usage {
  // Field by field: a spread takes microseconds here.
  return {
    inputTokens: usage.inputTokens,
    outputTokens: 0,
    cacheReadTokens: usage.cacheReadTokens,
    cacheWriteTokens: usage.cacheWriteTokens,
    cacheWrite1hTokens: usage.cacheWrite1hTokens,
    inputByModality: usage.inputByModality,
    cacheReadByModality: usage.cacheReadByModality,
  }
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= longestName
}

/** The catalogue's id of a provider; undefined to go by the model's name alone, null where that would be wrong. */
function catalogueIdOf(provider: string | undefined): string | undefined | null {
  if (provider === undefined) return undefined
  const name = provider.trim().toLowerCase()
  // The AI SDK says `openai.chat`, `google.vertex.chat`, `azure-openai.responses`: what stands before the first dot.
  const family = name.split('.', 1)[0] as string
  if (unlistedProviders.has(name) || unlistedProviders.has(family)) return null
  const mapped = catalogueIds.get(name) ?? catalogueIds.get(family)
  return mapped ?? findProvider({ providerId: family })?.id ?? findProvider({ providerId: name })?.id
}

/** The catalogue's rate for a model. One call of the library costs tens of microseconds: hence once per model, not per operation. */
function catalogueRate(providerId: string | undefined, model: string, version: string): Rate | undefined {
  try {
    const found = calcPrice({}, model, providerId === undefined ? {} : { providerId })
    if (found === null) return undefined
    const periods = compileCatalogue(found.model.prices)
    return periods.some(({ plan }) => plan !== undefined) ? createRate(periods, 'catalogue', version) : undefined
  } catch {
    // A list in force that the library itself refuses, or a constraint of a kind still unknown here.
    return undefined
  }
}

/** Names a list of the user's own by its content, so that a stored cost tells which one it came from. */
function versionOf(listed: readonly ListedPrice[]): string {
  return `custom@${createHash('sha256').update(JSON.stringify(listed)).digest('hex').slice(0, 8)}`
}

/** The package exports no package.json, so it is looked for above its entry point. Inside a bundle there is none. */
function catalogueVersion(): string {
  try {
    let folder = dirname(createRequire(import.meta.url).resolve('@pydantic/genai-prices'))
    while (folder !== dirname(folder)) {
      const described = readManifest(join(folder, 'package.json'))
      if (described?.name === '@pydantic/genai-prices') return `genai-prices@${described.version}`
      folder = dirname(folder)
    }
  } catch {
    // Fall through: the version is provenance, not a reason to fail.
  }
  return 'genai-prices'
}

function readManifest(path: string): { readonly name?: unknown; readonly version?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: unknown; readonly version?: unknown }
  } catch {
    return undefined
  }
}
