/** The one error of decoding: what came is not OTLP, and sending it again will not help. */

/** A body that is no OTLP of its signal and encoding. The message tells where it broke. */
export class InvalidOtlp extends Error {
  override readonly name = 'InvalidOtlp'
}
