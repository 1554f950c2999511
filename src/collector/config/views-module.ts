/** Views in code: a module of the user's, `tokmeter.config.ts` or `.js`, loaded by import. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MeterProvider, type ViewOptions } from '@opentelemetry/sdk-metrics'
import { isTagAttributesView, mergeViews, type View } from 'tokmeter/views'

export type Views = {
  /** For the MeterProvider. */
  readonly views: readonly ViewOptions[]
  /** Tags of operations that become attributes of their metrics. */
  readonly tagAttributes: readonly string[]
}

const ALLOWED =
  'it must export `views`, or an object with views as its default: an array of OpenTelemetry ViewOptions and of what tokmeter/views makes'

/** Imports `file` and checks its views. Every error names the file. */
export async function loadViews(file: string, canStripTypes = nodeStripsTypes()): Promise<Views> {
  const fail = (cause: string, error?: unknown) =>
    new Error(`cannot take views from ${file}: ${cause}`, error === undefined ? undefined : { cause: error })
  if (/\.[cm]?ts$/.test(file) && !canStripTypes) {
    throw fail(`Node ${process.version} does not run TypeScript; use Node 22.18 or later, or a .js file`)
  }
  let module: { readonly views?: unknown; readonly default?: unknown }
  try {
    module = await import(pathToFileURL(resolve(file)).href)
  } catch (error) {
    throw fail((error as Error).message, error)
  }
  const views = module.views ?? (module.default as { views?: unknown } | undefined)?.views ?? module.default
  if (!Array.isArray(views)) throw fail(ALLOWED)
  const wrong = views.findIndex((view) => typeof view !== 'object' || view === null || Array.isArray(view))
  if (wrong >= 0) throw fail(`views[${wrong}] is no view; ${ALLOWED}`)
  try {
    return settle(views)
  } catch (error) {
    throw fail((error as Error).message, error)
  }
}

function settle(views: readonly View[]): Views {
  const merged = mergeViews(views.filter((view): view is ViewOptions => !isTagAttributesView(view)))
  // It checks them; nothing is measured with it.
  new MeterProvider({ views: merged })
  const tagAttributes = views.filter(isTagAttributesView).flatMap((view) => view.tagAttributes)
  const wrong = tagAttributes.find((tag) => typeof tag !== 'string' || tag === '')
  if (wrong !== undefined) throw new TypeError('tagAttributes must be names of tags')
  return { views: merged, tagAttributes }
}

/** Whether this Node runs TypeScript by leaving its types out: from 22.18 and 23.6 on. */
function nodeStripsTypes(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown }
  return typeof typescript === 'string'
}
