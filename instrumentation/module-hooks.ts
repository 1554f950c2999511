/**
 * Finds the classes of clients as the program loads them, in both their copies: that for `import` and that for `require`. Only
 * looks at where a module comes from; modules of others pass untouched.
 */
import Module from 'node:module'
import { announced, clientFileAt, LISTENER } from './client-file.js'

/**
 * Told the package, the class and the place (a path or a URL) of each client loaded; the same one may be told again. A package
 * whose class is not needed is told of without.
 */
export type ClientLoaded = (name: string, ClientClass: object | undefined, place: string) => void

type Hooks = {
  load(url: string, context: object, nextLoad: (url: string, context: object) => object): object
}

// What @types/node for Node 20 does not know, and what no types know.
type ModuleInternals = {
  readonly registerHooks?: (hooks: Hooks) => unknown
  readonly register: (specifier: URL) => void
  readonly prototype: { _compile?: (this: { exports: unknown }, ...values: unknown[]) => unknown }
  readonly _cache?: { readonly [filename: string]: { readonly exports?: unknown } | undefined }
}

const internals = Module as unknown as ModuleInternals

/** Calls `clientLoaded` for each client from now on. */
export function installModuleHooks(clientLoaded: ClientLoaded): void {
  Object.defineProperty(globalThis, LISTENER, {
    configurable: true,
    value: (name: string, ClientClass: unknown, url: string) => {
      clientLoaded(name, typeof ClientClass === 'function' ? ClientClass : undefined, url)
    },
  })
  if (typeof internals.registerHooks === 'function') {
    internals.registerHooks({
      load(url, context, nextLoad) {
        const file = clientFileAt(url)
        return file === undefined ? nextLoad(url, context) : announced(nextLoad(url, context), file)
      },
    })
  } else {
    internals.register(new URL('./module-loader.js', import.meta.url))
  }
  const compile = internals.prototype._compile
  if (typeof compile !== 'function') return
  internals.prototype._compile = function (...values) {
    const result = compile.apply(this, values)
    if (typeof values[1] === 'string') announceExports(values[1], this.exports, clientLoaded)
    return result
  }
}

/** Calls `clientLoaded` for the clients that were required before. */
export function findRequired(clientLoaded: ClientLoaded): void {
  for (const [filename, module] of Object.entries(internals._cache ?? {})) {
    announceExports(filename, module?.exports, clientLoaded)
  }
}

function announceExports(filename: string, exports: unknown, clientLoaded: ClientLoaded): void {
  const file = clientFileAt(filename)
  if (file === undefined) return
  let ClientClass: unknown
  try {
    if (file.className !== undefined) {
      ClientClass = (exports as { readonly [name: string]: unknown } | undefined)?.[file.className]
    }
  } catch {
    // A getter that throws is the program's to find.
  }
  clientLoaded(file.name, typeof ClientClass === 'function' ? ClientClass : undefined, filename)
}
