/** `tokmeter/core`: the parts that know nothing of a process to be measured. Re-exports only. */
export * from './attributes.js'
export * from './catalogue.js'
export * from './clean.js'
export * from './instruments.js'
export type * from './operation.js'
export * from './price.js'
export * from './privacy.js'
export * from './semconv.js'
