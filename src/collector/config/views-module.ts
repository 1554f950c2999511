/** Views in code, and whatever else stands in the module of the user's, `tokmeter.config.ts` or `.js`, which is loaded by import. */
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

/** What the module exports. */
export type UserModule = { readonly [name: string]: unknown }

/** Imports `file` and checks its views: it may have none where it has something else. Every error names the file. */
export async function loadViews(file: string, canStripTypes?: boolean): Promise<Views> {
  return viewsOf(file, await importModule(file, canStripTypes))
}

export async function importModule(file: string, canStripTypes = nodeStripsTypes()): Promise<UserModule> {
  if (/\.[cm]?ts$/.test(file) && !canStripTypes) {
    throw failure(file, `Node ${process.version} does not run TypeScript; use Node 22.18 or later, or a .js file`)
  }
  try {
    return await import(pathToFileURL(resolve(file)).href)
  } catch (error) {
    throw failure(file, (error as Error).message, error)
  }
}

export function viewsOf(file: string, module: UserModule): Views {
  const byDefault = module['default'] as UserModule | undefined
  const hasOthers = module['alertRules'] !== undefined || byDefault?.['alertRules'] !== undefined
  const views = module['views'] ?? byDefault?.['views'] ?? (hasOthers ? [] : byDefault)
  if (!Array.isArray(views)) throw failure(file, ALLOWED)
  const wrong = views.findIndex((view) => typeof view !== 'object' || view === null || Array.isArray(view))
  if (wrong >= 0) throw failure(file, `views[${wrong}] is no view; ${ALLOWED}`)
  try {
    return settle(views)
  } catch (error) {
    throw failure(file, (error as Error).message, error)
  }
}

function failure(file: string, cause: string, error?: unknown): Error {
  return new Error(`cannot take views from ${file}: ${cause}`, error === undefined ? undefined : { cause: error })
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
