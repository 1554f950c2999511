/** The intake as receiving knows it: the errors of the stages behind in the words of receiving. */
import { InvalidOtlp } from './otlp/invalid-otlp.js'
import { QueueFull } from './queue/queue-full.js'
import { type Intake, InvalidBody, Refused } from './receive/intake.js'

export function inWords(intake: Intake): Intake {
  const translated = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof InvalidOtlp) throw new InvalidBody(error.message, { cause: error })
      if (error instanceof QueueFull) {
        const { reason, retryAfterSeconds } = error
        throw new Refused(error.message, { reason, retryAfterSeconds })
      }
      throw error
    }
  }
  return {
    accept: (request) => translated(() => intake.accept(request)),
    acceptEvents: (request) => translated(() => intake.acceptEvents(request)),
  }
}
