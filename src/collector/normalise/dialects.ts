/** The dialects, in the order in which they are asked: who is known by a name of his own before who writes what many write. */
import { AttributeSelection } from '../otlp/attribute-selection.js'
import type { AttributeSelections } from '../otlp/selections.js'
import { claudeCode } from './claude-code.js'
import { codex } from './codex.js'
import type { Dialect } from './dialect.js'
import { geminiCli } from './gemini-cli.js'
import { langfuse } from './langfuse.js'
import { openinference } from './openinference.js'
import { openllmetry } from './openllmetry.js'
import { opentelemetry } from './opentelemetry.js'
import { resourceName } from './resource-name.js'
import { tokmeter } from './tokmeter.js'
import { vercelAi } from './vercel-ai.js'

export const DIALECTS: readonly Dialect[] = [
  tokmeter,
  claudeCode,
  codex,
  geminiCli,
  openinference,
  langfuse,
  vercelAi,
  openllmetry,
  opentelemetry,
]

const markers = DIALECTS.flatMap((dialect) => dialect.markers)
const details = DIALECTS.flatMap((dialect) => dialect.details)
const prefixes = DIALECTS.flatMap((dialect) => dialect.prefixes ?? [])

/** What decoding is to read for `normalise`. */
export const SELECTIONS: AttributeSelections = {
  resource: new AttributeSelection({ markers: [], details: Object.values(resourceName), prefixes: [] }),
  spans: new AttributeSelection({ markers, details, prefixes }),
  // Events tell by their name what they are.
  logs: new AttributeSelection({ markers: [...markers, 'event.name'], details, prefixes }),
}
