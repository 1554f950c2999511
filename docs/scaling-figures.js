/**
 * What docs/scaling.md derives its tables from. Measured where it says so; replace a figure and run `npm run docs` to have the tables anew.
 * Rates are of operations a second, sizes in bytes.
 */
export const FIGURES = {
  /** CPU of the whole collector, its embedded engine included, per operation, in microseconds: `ingest.otlp` of `npm run bench:collector`. */
  collectorMicroseconds: 27,
  /**
   * CPU to encode an operation for the engine, insert it and merge it into one part: `cpu.store` of `node bench/scaling.js`. A part of it is in the
   * figure above as well. On a cluster it is spent there, on every replica.
   */
  engineMicroseconds: 26,
  /** Operations a second that one collector acknowledged and stored, embedded, sender beside it on the same two cores: `ingest.otlp`. */
  storedPerSecond: 44_920,
  /** Bytes of an operation as it is received: 19 attributes, protobuf and gzip, in requests of 512. */
  receivedBytes: 94,
  /** Bytes in the queue, and in the tables after all merges: `node bench/scaling.js`. */
  queueBytes: 294,
  storedBytes: {
    operations: 95,
    operations_1m: 165,
    operations_5m: 247,
    operations_1h: 831,
    operations_1h_main: 999,
    operations_1d: 1446,
    operations_1d_main: 1730,
  },
}
/** Not measured: what the tables assume, each said on the page. */
export const ASSUMPTIONS = {
  /** Combinations of service, model, operation and so on that are active in every window. */
  combinations: 500,
  /** Of service, environment, provider, model and operation alone. */
  mainCombinations: 200,
  replicas: 2,
  /** Of all that is made of operations, how much of a core may be in use on average: peaks and merges need the rest. */
  utilisation: 0.5,
  dollarsPerGigabyteMonth: 0.1,
  dollarsPerCoreMonth: 30,
}
