/** The calls of the demo: which client asks which model, and which recording answers. */
import { defaultRecordings, MODELS } from './recordings.js'

/**
 * @typedef {object} Call
 * @property {'chat' | 'responses' | 'embeddings' | 'messages'} api
 * @property {string} model
 * @property {boolean} stream
 * @property {string} recording Name of the recording that answers.
 */

/** One call of every model that has a recording, whole and streamed. @returns {Call[]} */
export function everyCall() {
  const recordings = defaultRecordings()
  return Object.entries(MODELS).flatMap(([api, models]) =>
    Object.entries(models).flatMap(([model, { body, stream }]) => {
      const found = [
        { recording: body, stream: false },
        { recording: stream, stream: true },
      ].filter(({ recording }) => recording !== undefined && recordings.has(recording))
      return found.map((one) => /** @type {Call} */ ({ api, model, ...one }))
    }),
  )
}
