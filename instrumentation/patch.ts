/** Sets counting methods over those of a client's prototypes. */
import { begin, isSuppressed, type OperationStart } from '../src/index.js'
import { watchPromise } from './api-promise.js'
import { Call, type Dialect } from './call.js'
import { baseOf, ownerOf, patch } from './prototype.js'
import { isPromise } from './watched.js'

/** What a `create` method of a client does. */
export type Endpoint = {
  readonly dialect: Dialect
  /** Tells from the client and the first argument what is about to be done. */
  readonly start: (client: object, parameters: unknown, dialect: Dialect) => OperationStart
  /** Called when the client returned something that cannot be watched. */
  readonly unrecognised: (client: object) => void
}

/** The call whose `create` is on the stack: the way from `create` to `request` is synchronous, so no context has to be kept. */
let creating: Call | undefined

/** Which call an HTTP request belongs to. The options object of a request is the same one for all its retries. */
const callOfOptions = new WeakMap<object, Call>()

/** Counts what `create` of `resource`, a prototype or an instance, does. False when there is no such method. */
export function patchCreate(resource: unknown, endpoint: Endpoint): boolean {
  const prototype = ownerOf(resource, 'create')
  if (prototype === undefined) return false
  return patch(prototype, 'create', (create) => {
    let isUnrecognised = false
    return function (this: unknown, ...values) {
      // Called by a `create` of its own subclass, or by one who counts himself.
      if (creating !== undefined || isUnrecognised || isSuppressed()) return create.apply(this, values)
      const client = clientOf(this)
      if (client === undefined) return create.apply(this, values)
      const handle = begin(endpoint.start(client, values[0], endpoint.dialect))
      // Nobody measures.
      if (handle.ended) return create.apply(this, values)
      const call = new Call(handle, endpoint.dialect, client)
      let promise: unknown
      creating = call
      try {
        promise = call.handle.run(() => create.apply(this, values))
      } catch (error) {
        call.fail(error)
        throw error
      } finally {
        creating = undefined
      }
      // This one ends as abandoned, for nobody knows how it ends; later ones are not begun.
      if (!watchPromise(promise, call)) {
        isUnrecognised = true
        endpoint.unrecognised(client)
      }
      return promise
    }
  })
}

/** Tells the calls of `client`, an instance or the prototype of its class, of the HTTP requests made for them. */
export function patchRequests(client: unknown): void {
  const requests = baseOf(client, 'request')
  if (requests !== undefined) {
    patch(requests, 'request', (request) => {
      return function (this: unknown, ...values) {
        if (creating !== undefined) remember(values[0], creating)
        return request.apply(this, values)
      }
    })
  }
  const attempts = baseOf(client, 'makeRequest')
  if (attempts !== undefined) {
    patch(attempts, 'makeRequest', (makeRequest) => {
      return function (this: unknown, ...values) {
        // The first request of a call is made while its `create` is on the stack, so nobody has to wait for the options to know whose
        // it is: one promise less in every call.
        if (creating !== undefined) creating.requesting()
        else {
          const options = values[0]
          if (isPromise(options)) options.then(sending, ignore)
          else sending(options)
        }
        return makeRequest.apply(this, values)
      }
    })
  }
  const preparations = baseOf(client, 'prepareRequest')
  if (preparations !== undefined) {
    patch(preparations, 'prepareRequest', (prepareRequest) => {
      return function (this: unknown, ...values) {
        const { options } = (values[1] ?? {}) as { readonly options?: unknown }
        if (typeof options === 'object' && options !== null) callOfOptions.get(options)?.watching?.sending()
        return prepareRequest.apply(this, values)
      }
    })
  }
}

function remember(options: unknown, call: Call): void {
  if (isPromise(options)) options.then((resolved) => remember(resolved, call), ignore)
  else if (typeof options === 'object' && options !== null) callOfOptions.set(options, call)
}

/** What fails here fails where the client waits for it too. */
function ignore(): void {}

function sending(options: unknown): void {
  if (typeof options === 'object' && options !== null) callOfOptions.get(options)?.requesting()
}

function clientOf(resource: unknown): object | undefined {
  const client = (resource as { _client?: unknown } | undefined)?._client
  return typeof client === 'object' && client !== null ? client : undefined
}
