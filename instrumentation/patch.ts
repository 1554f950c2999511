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

/** The call whose `create` is on the stack, and what that was given: the way from `create` to `request` is synchronous, so no context has to be kept. */
let creating: Call | undefined
let given: readonly unknown[] = []

/**
 * By which the options of an HTTP request tell the call it is made for. On the options rather than in a map beside them: what a WeakMap
 * holds for a call, its answer and promises with it, no collection of young garbage takes.
 */
const CALL = Symbol('tokmeter.call')
type RequestOptions = { [CALL]?: Call }

/** Levels of a client's log that leave the options of its requests out. Older clients ask the environment and tell no level. */
const QUIET: ReadonlySet<unknown> = new Set(['off', 'error', 'warn', 'info'])
type Client = { readonly logLevel?: unknown }

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
      given = values
      try {
        promise = call.handle.run(() => create.apply(this, values))
      } catch (error) {
        call.fail(error)
        throw error
      } finally {
        creating = undefined
        given = []
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
  const requests = baseOf(client, 'methodRequest')
  if (requests !== undefined) {
    patch(requests, 'methodRequest', (methodRequest) => {
      return function (this: unknown, ...values) {
        if (creating !== undefined) values[2] = marked(values[2], creating, given)
        return methodRequest.apply(this, values)
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
          if (isPromise(options)) options.then(requesting, ignore)
          else requesting(options)
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
        const call = callOf(options)
        if (call !== undefined) {
          // From here on the client may write its options to the log, which has to be as it would be without us.
          if (!QUIET.has((this as Client).logLevel)) Object.defineProperty(options, CALL, { enumerable: false })
          call.response?.sending()
        }
        return prepareRequest.apply(this, values)
      }
    })
  }
}

/**
 * `options` with the mark of `call`, whose `create` was given `theirs`: the client makes the options of the request by spreading it.
 * What `create` made is marked itself, which costs least; what somebody else made is left as it is.
 */
function marked(options: unknown, call: Call, theirs: readonly unknown[]): unknown {
  const isTheirs = theirs.includes(options)
  if (isPromise(options)) {
    return options.then((resolved) => marked(resolved, call, isTheirs ? [...theirs, resolved] : theirs))
  }
  const isOurs = !isTheirs && typeof options === 'object' && options !== null && Object.isExtensible(options)
  const own = (isOurs ? options : { ...(options as object | undefined) }) as RequestOptions
  own[CALL] = call
  return own
}

/** What fails here fails where the client waits for it too. */
function ignore(): void {}

function callOf(options: unknown): Call | undefined {
  return (options as RequestOptions | undefined | null)?.[CALL]
}

function requesting(options: unknown): void {
  callOf(options)?.requesting()
}

function clientOf(resource: unknown): object | undefined {
  const client = (resource as { _client?: unknown } | undefined)?._client
  return typeof client === 'object' && client !== null ? client : undefined
}
