/** What is said rightly and cannot be: it names what is not there, or would change what is not to be changed that way. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
  /** Of HTTP. */
  readonly status: 404 | 409
  readonly code: 'NOT_FOUND' | 'CONFLICT'

  constructor(status: 404 | 409, message: string) {
    super(message)
    this.status = status
    this.code = status === 404 ? 'NOT_FOUND' : 'CONFLICT'
  }
}
