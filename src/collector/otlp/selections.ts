/** The attributes asked for, of each sort of thing that has attributes. */
import type { AttributeSelection } from './attribute-selection.js'

export type AttributeSelections = {
  readonly resource: AttributeSelection
  readonly spans: AttributeSelection
  readonly logs: AttributeSelection
}
