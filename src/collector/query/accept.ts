/** Which of several forms of an answer is wanted, by the `Accept` header. */
import type { FastifyReply } from 'fastify'

/** What is wanted most of what there is, by media type; undefined where the header names none of it. */
export function acceptedOf<Form>(accept: string, forms: { readonly [type: string]: Form }): Form | undefined {
  let best: { readonly form: Form; readonly quality: number } | undefined
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const form = Object.hasOwn(forms, type) ? forms[type] : undefined
    const given = parameters.find((text) => text.startsWith('q='))
    const quality = given === undefined ? 1 : Number(given.slice(2)) || 0
    if (form !== undefined && quality > 0 && (best === undefined || quality > best.quality)) best = { form, quality }
  }
  return best?.form
}

/** Answers that there is none of what is accepted. */
export function notAcceptable(reply: FastifyReply, types: readonly string[]): FastifyReply {
  const message = `what is accepted must be one of ${types.join(', ')}`
  return reply.code(406).send({ error: { code: 'NOT_ACCEPTABLE', message } })
}
