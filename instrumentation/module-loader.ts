/** The `load` hook of Node before 22.15, where hooks of ES modules run in a thread of their own. */
import { announced, clientFileAt } from './client-file.js'

type Load = (url: string, context: object) => Promise<{ readonly format?: unknown; readonly source?: unknown }>

export async function load(url: string, context: object, nextLoad: Load): ReturnType<Load> {
  const file = clientFileAt(url)
  if (file === undefined) return nextLoad(url, context)
  return announced(await nextLoad(url, context), file)
}
