/** What has to be told once and not a thousand times: OpenTelemetry's `diag`, and a process warning, which a person sees. */
import { diag } from '@opentelemetry/api'

const reported = new Set<string>()

/** Tells `message` the first time `code` comes up in this process. */
export function reportOnce(code: string, message: string): void {
  // Codes are ours, but some end in a version from outside.
  if (reported.has(code) || reported.size >= 1000) return
  reported.add(code)
  diag.warn(`tokmeter: ${message}`)
  process.emitWarning(message, { type: 'TokmeterWarning', code })
}
