/** A question that cannot be meant, in the words of whoever asks: which parameter, what was got, what is allowed. */
export class InvalidQuestion extends Error {
  override readonly name = 'InvalidQuestion'
  /** The parameter that is wrong. */
  readonly field: string
  /** What it may be, where that is a list. */
  readonly allowed: readonly string[] | undefined
  readonly #trouble: string

  constructor(field: string, trouble: string, allowed?: readonly string[]) {
    super(`${field} ${trouble}`)
    this.field = field
    this.allowed = allowed
    this.#trouble = trouble
  }

  /** The same of a parameter that is called otherwise where it was given. */
  of(field: string): InvalidQuestion {
    return new InvalidQuestion(field, this.#trouble, this.allowed)
  }
}
