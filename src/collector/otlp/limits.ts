/** How much of an item is read, at most: what comes from the wire is bounded where it enters. */

/** Longest text read, in bytes; what is longer is cut. Names and messages are far shorter. */
export const TEXT_LIMIT = 16_384
/** Deepest nesting of lists and maps in a value. */
export const DEPTH_LIMIT = 32
/** Most elements read of one list or map. */
export const ELEMENT_LIMIT = 4096
/** Most attributes read of one item. */
export const ATTRIBUTE_LIMIT = 1024
/** Longest log body read, in bytes, since it may be the name of an event. A longer one is content. */
export const BODY_LIMIT = 100
/** Most items counted in one request. */
export const ITEM_LIMIT = 2_000_000
/** Most items read of one request, each of which takes up to a kilobyte until it is queued. Usual batches have 512. */
export const READ_LIMIT = 100_000
