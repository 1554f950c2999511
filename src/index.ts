/** The public API of tokmeter. Re-exports only. */
export type * from './operation.js'
export type { OperationEnd, OperationHandle, OperationStart } from './sdk/capture.js'
