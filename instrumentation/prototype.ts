/** Methods of a prototype, and setting others over them: once for each prototype, whoever asks and however often. */

export type Method = (this: unknown, ...values: unknown[]) => unknown
export type Methods = { [name: string]: unknown }

// For all copies of this package in the process: two that patch the same prototype would count twice.
const PATCHED = Symbol.for('tokmeter.patched')

/** Sets what `wrap` makes over the method `name` of `prototype`: once, by whichever copy of this package comes first. */
export function patch(prototype: Methods, name: string, wrap: (original: Method) => Method): boolean {
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
export function ownerOf(start: unknown, name: string): Methods | undefined {
  return chainOf(start).find((candidate) => isPrototype(candidate) && hasMethod(candidate, name))
}

/** The farthest one: what subclasses set over it ends there as well. */
export function baseOf(start: unknown, name: string): Methods | undefined {
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
