/** A question that cannot be meant, in the words of whoever asks: which parameter, what was got, what is allowed. */
export class InvalidQuestion extends Error {
  override readonly name = 'InvalidQuestion'
  /** The parameter that is wrong. */
  readonly field: string
  /** What it may be, where that is a list. */
  readonly allowed: readonly string[] | undefined

  constructor(field: string, message: string, allowed?: readonly string[]) {
    super(`${field} ${message}`)
    this.field = field
    this.allowed = allowed
  }
}
