/** Asks an endpoint as a route does, and holds what it answers against its schema. */
import type { Asker } from '../../../src/collector/query/asker.js'
import type { Endpoint } from '../../../src/collector/query/endpoint.js'

/** What an endpoint answers as JSON: by its own schema, with every field and none besides. */
export async function toldBy({ parameters, response, answer }: Endpoint, given: object, asker: Asker): Promise<never> {
  const told = await answer(parameters.parse(given), asker)
  return response.parse(JSON.parse(JSON.stringify(told))) as never
}
