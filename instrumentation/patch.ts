/** Sets counting methods over those of a client's prototypes: once for each prototype, whoever asks and however often. */
import { begin, isSuppressed, type OperationStart } from '../src/index.js'
import { watchPromise } from './api-promise.js'
import { Call, type Dialect } from './call.js'

type Method = (this: unknown, ...values: unknown[]) => unknown
type Methods = { [name: string]: unknown }

/** What a `create` method of a client does. */
export type Endpoint = {
  readonly dialect: Dialect
  /** Tells from the client and the first argument what is about to be done. */
  readonly start: (client: object, parameters: unknown, dialect: Dialect) => OperationStart
  /** Called when the client returned something that cannot be watched. */
  readonly unrecognised: (client: object) => void
}

// For all copies of this package in the process: two that patch the same prototype would count twice.
const PATCHED = Symbol.for('tokmeter.patched')

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
        const options = values[0]
        if (isPromise(options)) options.then(sending, () => {})
        else sending(options)
        return makeRequest.apply(this, values)
      }
    })
  }
}

function remember(options: unknown, call: Call): void {
  if (isPromise(options))
    options.then(
      (resolved) => remember(resolved, call),
      () => {},
    )
  else if (typeof options === 'object' && options !== null) callOfOptions.set(options, call)
}

function sending(options: unknown): void {
  if (typeof options === 'object' && options !== null) callOfOptions.get(options)?.requesting()
}

function clientOf(resource: unknown): object | undefined {
  const client = (resource as { _client?: unknown } | undefined)?._client
  return typeof client === 'object' && client !== null ? client : undefined
}

function patch(prototype: Methods, name: string, wrap: (original: Method) => Method): boolean {
  const original = prototype[name]
  if (typeof original !== 'function') return false
  const patched: { [name: string]: true } = Object.hasOwn(prototype, PATCHED) ? (prototype as never)[PATCHED] : {}
  if (patched[name]) return true
  const method = wrap(original as Method)
  Object.defineProperty(method, 'name', { value: original.name, configurable: true })
  Object.defineProperty(method, 'length', { value: original.length, configurable: true })
  Object.defineProperty(prototype, name, { ...Object.getOwnPropertyDescriptor(prototype, name), value: method })
  patched[name] = true
  Object.defineProperty(prototype, PATCHED, { value: patched, configurable: true })
  return true
}

/** The prototype, in the chain of `start`, that has a method of its own called `name`: the nearest one. */
function ownerOf(start: unknown, name: string): Methods | undefined {
  return chainOf(start).find((candidate) => isPrototype(candidate) && hasMethod(candidate, name))
}

/** The farthest one: what subclasses set over it ends there as well. */
function baseOf(start: unknown, name: string): Methods | undefined {
  return chainOf(start).findLast((candidate) => isPrototype(candidate) && hasMethod(candidate, name))
}

function chainOf(start: unknown): Methods[] {
  const chain: Methods[] = []
  for (let next = start; typeof next === 'object' && next !== null; next = Object.getPrototypeOf(next)) {
    chain.push(next as Methods)
  }
  return chain
}

// An instance may have a method of its own, which somebody else set over that of the class: not ours to touch.
function isPrototype(candidate: Methods): boolean {
  return Object.hasOwn(candidate, 'constructor')
}

function hasMethod(candidate: Methods, name: string): boolean {
  return typeof Object.getOwnPropertyDescriptor(candidate, name)?.value === 'function'
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function'
}
