/**
 * Reads something again when told to, at a random moment within a given time, so that a hall of pages does not ask at once.
 * Never two readings at a time; whoever asks while one is under way is read for once more, so that the last word is never missed.
 */
export class Spread {
  readonly #read: () => Promise<void>
  readonly #random: () => number
  #timer: ReturnType<typeof setTimeout> | undefined
  #reading: Promise<void> | undefined
  #again = false

  constructor(read: () => Promise<void>, random: () => number = Math.random) {
    this.#read = read
    this.#random = random
  }

  /** Whether a reading is under way: what is learnt otherwise meanwhile may be overwritten by it. */
  get reading(): boolean {
    return this.#reading !== undefined
  }

  /** Reads within so many milliseconds; a moment that is chosen already and earlier stays. */
  within(milliseconds = 0): void {
    if (milliseconds <= 0) return void this.now()
    this.#timer ??= setTimeout(() => void this.now(), milliseconds * this.#random())
  }

  /** Reads at once, or right after the reading that is under way. */
  now(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#reading) {
      this.#again = true
      return this.#reading
    }
    this.#reading = this.#loop().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#again = false
  }

  async #loop(): Promise<void> {
    do {
      this.#again = false
      await this.#read()
    } while (this.#again)
  }
}
