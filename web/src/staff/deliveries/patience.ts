// Reading again what comes in no frame: soon after something has moved, ever more
// seldom while nothing does, and not while nobody looks.

/** Milliseconds before the first reading, and the most between two. */
const first = 3000
const most = 60_000

export class Patience {
  readonly #read: () => void
  #wait = first
  #timer: ReturnType<typeof setTimeout> | undefined
  #on = false

  constructor(read: () => void) {
    this.#read = read
  }

  /** Begins. Returns how to stop. */
  start(): () => void {
    const looks = () => document.visibilityState === 'visible' && this.anew()
    document.addEventListener('visibilitychange', looks)
    this.#on = true
    this.anew()
    return () => {
      document.removeEventListener('visibilitychange', looks)
      this.#on = false
      clearTimeout(this.#timer)
    }
  }

  /** Something has moved: the next reading comes soon again. */
  anew(): void {
    this.#wait = first
    this.#next()
  }

  #next(): void {
    clearTimeout(this.#timer)
    if (!this.#on) return
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'visible') this.#read()
      this.#wait = Math.min(most, this.#wait * 1.6)
      this.#next()
    }, this.#wait)
  }
}
