import { createSubscriber } from 'svelte/reactivity'

/**
 * The page's clock: the server's time as far as it is known, reactive by the second (`now`) and by the half minute
 * (`minute`). It ticks only while something on the page reads it.
 */
class Clock {
  #offset = 0
  #second = createSubscriber((update) => {
    const timer = setInterval(update, 1000)
    return () => clearInterval(timer)
  })
  #half = createSubscriber((update) => {
    const timer = setInterval(update, 30_000)
    return () => clearInterval(timer)
  })

  /** Learns the server's time from a welcome, a beat or an answer. Differences under 2 s are the network's. */
  set(server: string | number | Date): void {
    const offset = new Date(server).getTime() - Date.now()
    if (Number.isFinite(offset) && Math.abs(offset - this.#offset) > 2000) this.#offset = offset
  }

  /** Milliseconds since 1970 on the server's clock, without asking to be told again. */
  read(): number {
    return Date.now() + this.#offset
  }

  get now(): number {
    this.#second()
    return this.read()
  }

  get minute(): number {
    this.#half()
    return this.read()
  }
}

export const clock = new Clock()
