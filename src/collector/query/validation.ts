/** What a client gave, by the schema of what is asked; and what it is told of a mistake. */
import type { FastifyReply } from 'fastify'
import * as z from 'zod'
import { QuestionRefused, QuestionTimeout } from './ask.js'
import { InvalidQuestion } from './invalid-question.js'
import { Rejection } from './rejection.js'

/** What was given, as the schema has it. Throws InvalidQuestion for the first thing that is wrong. */
export function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0]! : fieldOf(issue?.path ?? [])
  const allowed = issue?.code === 'unrecognized_keys' && issue.path.length === 0 ? keysOf(schema) : undefined
  const list = allowed === undefined ? '' : `; there are ${allowed.join(', ')}`
  throw new InvalidQuestion(
    field,
    issue?.code === 'unrecognized_keys' ? `is no parameter${list}` : `is wrong: ${messageOf(issue)}`,
    allowed ?? valuesOf(issue),
  )
}

/** Of a key that is none the message is inside. */
function messageOf(issue: z.core.$ZodIssue | undefined): string | undefined {
  return issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message
}

function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return text.replace(/^\./, '') || 'body'
}

function keysOf(schema: z.ZodType): string[] | undefined {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined
}

function valuesOf(issue: z.core.$ZodIssue | undefined): string[] | undefined {
  return issue?.code === 'invalid_value' ? issue.values.map(String) : undefined
}

/** Answers a question that was not answered; what is no mistake of whoever asks is thrown on. */
export function answerMistake(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof InvalidQuestion) {
    const { field, allowed, message } = error
    const details = allowed === undefined ? { field } : { field, allowed }
    return reply.code(400).send({ error: { code: 'VALIDATION_ERROR', message, details } })
  }
  if (error instanceof Rejection)
    return reply.code(error.status).send({ error: { code: error.code, message: error.message } })
  if (error instanceof QuestionTimeout)
    return reply.code(504).send({ error: { code: 'QUERY_TIMEOUT', message: error.message } })
  if (error instanceof QuestionRefused)
    return reply
      .code(503)
      .header('retry-after', '1')
      .send({ error: { code: 'UNAVAILABLE', message: error.message } })
  throw error
}
