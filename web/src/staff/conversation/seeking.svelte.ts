/** How long typing must pause before the server is asked, in milliseconds. */
const pause = 150

/**
 * A search that the server answers, under a field: it is asked when typing pauses, and only the answer to what stands in the
 * field counts. Until it comes the earlier answer stays, and `busy` says so.
 */
export class Seeking<T> {
  sought = $state('')
  found: readonly T[] = $state.raw([])
  busy = $state(false)
  failure: unknown = $state.raw()

  #asked = 0
  #waiting: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly find: (q: string) => Promise<readonly T[]>) {}

  /** Something was typed. */
  typed(text: string): void {
    this.sought = text
    this.busy = true
    this.#asked++ // what is on its way no longer counts
    clearTimeout(this.#waiting)
    this.#waiting = setTimeout(() => void this.#ask(), pause)
  }

  /** From the beginning: an empty field over what is given, or over what the server lists first. */
  start(given: readonly T[] = []): void {
    this.stop()
    this.sought = ''
    this.found = given
    this.failure = undefined
    if (!given.length) void this.#ask()
  }

  stop(): void {
    clearTimeout(this.#waiting)
    this.#asked++
    this.busy = false
  }

  async #ask(): Promise<void> {
    const mine = ++this.#asked
    this.busy = true
    try {
      const found = await this.find(this.sought.trim())
      if (mine !== this.#asked) return
      this.found = found
      this.failure = undefined
    } catch (error) {
      if (mine !== this.#asked) return
      this.found = []
      this.failure = error
    }
    this.busy = false
  }
}
