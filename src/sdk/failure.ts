/** What a thrown value says of a failure, in few words: the conventions want `error.type` to have few values. */
import type { OperationError } from '../operation.js'
import { OTHER } from '../semconv.js'

/** An operation whose handle was dropped, or which was still open at shutdown: nobody knows how it ended. */
export const ABANDONED: OperationError = { type: 'abandoned' }

/** The class of the error, else its code, else its HTTP status. Never throws, whatever `error` is. */
export function toOperationError(error: unknown): OperationError {
  try {
    if (typeof error !== 'object' || error === null) {
      return { type: OTHER, message: typeof error === 'string' ? error : undefined }
    }
    const { name, code, status, message } = error as { [key: string]: unknown }
    const ownCode = text(code) ?? text(status)
    return {
      type: className(name) ?? className(error.constructor?.name) ?? ownCode ?? OTHER,
      code: text(status) ?? ownCode,
      message: typeof message === 'string' ? message : undefined,
    }
  } catch {
    return { type: OTHER }
  }
}

// A minifier leaves classes one or two letters: such a name would tell nothing and change with every build.
function className(name: unknown): string | undefined {
  return typeof name === 'string' && name.length > 2 && name !== 'Error' && name !== 'Object' ? name : undefined
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
}
