/** Builds the stages last-to-first and stops them first-to-last: nobody is handed anything by a stage that is built before, or stopped after it. */

export type LifecycleOptions = {
  /** Longest stop, in milliseconds. */
  readonly timeoutMs: number
  /** Told of a stage that failed to stop, or was not done in time; the others are stopped all the same. */
  readonly onTrouble: (stage: string, error: Error) => void
}

type Stage = { readonly name: string; readonly stop: () => unknown }

/** What is kept back for each stage behind the one that is being stopped. */
const RESERVE_MS = 500

export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #stages: Stage[] = []
  #stopping: Promise<boolean> | undefined

  constructor(options: LifecycleOptions) {
    this.#options = options
  }

  /** Builds a stage. When that fails, those built before are stopped, and the error is thrown on. */
  async build<Made>(name: string, make: () => Made | Promise<Made>, stop: (made: Made) => unknown): Promise<Made> {
    if (this.#stopping !== undefined) throw new Error(`${name} cannot be built: the collector is stopping`)
    let made: Made
    try {
      made = await make()
    } catch (error) {
      await this.stop()
      throw error
    }
    // It was stopped while this one was being built: nobody else knows of it yet.
    if (this.#stopping !== undefined) {
      await this.#stopOne({ name, stop: () => stop(made) }, RESERVE_MS)
      throw new Error(`${name} was built, but the collector is stopping`)
    }
    this.#stages.push({ name, stop: () => stop(made) })
    return made
  }

  /** Stops all stages, the last one built first. Returns whether all were done in time; never throws. */
  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<boolean> {
    const end = performance.now() + this.#options.timeoutMs
    let isClean = true
    for (let stage = this.#stages.pop(); stage !== undefined; stage = this.#stages.pop()) {
      const left = end - performance.now() - RESERVE_MS * this.#stages.length
      if (!(await this.#stopOne(stage, Math.max(left, 0)))) isClean = false
    }
    return isClean
  }

  async #stopOne({ name, stop }: Stage, timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('it was not done in time')), timeoutMs)
    })
    try {
      await Promise.race([(async () => stop())(), late])
      return true
    } catch (error) {
      this.#options.onTrouble(name, error instanceof Error ? error : new Error(String(error)))
      return false
    } finally {
      clearTimeout(timer)
    }
  }
}
