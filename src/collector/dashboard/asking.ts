/** Answers in components: asked when the question changes and every so often, the last one shown until the next is there. */
import { createContext } from 'preact'
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks'
import type { Filter } from '../query/question.js'
import type { DashboardSettings } from '../show/settings.js'
import type { Filters } from './address.js'
import { answerOf, type Request, Unanswered } from './api.js'
import type { Range, Span } from './range.js'

export type Asked<Answer> = {
  readonly answer: Answer | undefined
  /** Of the last attempt. */
  readonly error: Unanswered | undefined
  /** The answer is that of an earlier question. */
  readonly isStale: boolean
  readonly request: Request<Answer> | undefined
}

/** What all panels of a page ask about. */
export type Subject = {
  readonly settings: DashboardSettings
  readonly range: Range
  readonly span: Span
  readonly filters: Filters
  /** Changes when it is time to ask anew. */
  readonly tick: number
}

export const SubjectContext = createContext<Subject | undefined>(undefined)

export function useSubject(): Subject {
  return useContext(SubjectContext)!
}

/**
 * Of calls of a model, unless an operation is chosen: agents and workflows last as long as all the calls inside them. As `/performance`
 * has it.
 */
export function ofCalls({ filters, settings }: Subject): readonly Filter[] {
  return filters.operation ? [] : [{ dimension: 'operation', operator: 'in', value: settings.call_operations }]
}

const keyOf = (request: Request<unknown> | undefined) =>
  request && JSON.stringify([request.path, request.parameters?.toString(), request.body])

/**
 * Undefined asks nothing yet: what it depends on is not known. `isFirst`, always the same in one place: before all others of the page, which
 * a browser sends some at a time.
 */
export function useAnswer<Answer>(request: Request<Answer> | undefined, isFirst = false): Asked<Answer> {
  const { tick } = useSubject()
  const key = keyOf(request)
  const [found, setFound] = useState<{ key: string; answer?: Answer; error?: Unanswered }>()
  // Effects of layout come before the paint and before all others; among themselves, what is inside of a page would come before the page.
  const useBegin = isFirst ? useLayoutEffect : useEffect
  useBegin(() => {
    if (request === undefined || key === undefined) return
    const controller = new AbortController()
    answerOf(request, controller.signal).then(
      (answer) => setFound({ key, answer }),
      (error) => {
        if (controller.signal.aborted) return
        const told = error instanceof Unanswered ? error : new Unanswered(0, String(error))
        setFound((before) => ({
          key,
          error: told,
          ...(before?.key === key && before.answer && { answer: before.answer }),
        }))
      },
    )
    return () => controller.abort()
    // The key is all that is asked.
  }, [key, tick])
  // What is asked no more has no answer to be out of date.
  if (request === undefined) return { answer: undefined, error: undefined, isStale: false, request }
  return { answer: found?.answer, error: found?.error, isStale: found !== undefined && found.key !== key, request }
}
