import { clock } from './clock.svelte'
import { plain, session } from './session.svelte'

/** GET /session/expiry and POST /session/renewal. */
type Expiry = { now: string; expires_at: string; warn_at: string; ends_at: string }

/** A page that cannot ask tries again so often, in milliseconds. */
const again = 30_000
/** The longest a timer is set for: a machine that slept, or another tab, may have changed things. */
const longest = 5 * 60_000
const uses = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const

/**
 * Keeps the session as long as the page is used: the server counts requests, and someone who reads or writes for long makes none. When
 * nobody has used the page for the session's length but the last minutes, it warns. While a candidate is in a test the server
 * lets the session last, and there is nothing to warn of.
 */
class Staying {
  #expiry: Expiry | undefined = $state.raw()
  #warns = $state(false)
  asking = $state(false)
  /** When the page was last used, and when that was last told, on the server's clock. */
  #used = 0
  #told = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #running = 0

  /** Seconds until the session ends, while it is to be said; else undefined. */
  readonly seconds = $derived(this.#warns && this.#expiry ? Math.max(0, Math.ceil((Date.parse(this.#expiry.expires_at) - clock.now) / 1000)) : undefined)
  /** Whether it can be made to last. */
  readonly extends = $derived(!this.#expiry || Date.parse(this.#expiry.ends_at) > Date.parse(this.#expiry.expires_at))

  /** For as long as somebody is signed in. Returns how to stop. */
  start(): () => void {
    const mine = ++this.#running
    const used = () => this.#use()
    for (const type of uses) window.addEventListener(type, used, { passive: true, capture: true })
    const seen = () => document.visibilityState === 'visible' && void this.#look(mine)
    document.addEventListener('visibilitychange', seen)
    this.#told = clock.read()
    void this.#look(mine)
    return () => {
      this.#running++
      clearTimeout(this.#timer)
      this.#warns = false
      for (const type of uses) window.removeEventListener(type, used, { capture: true })
      document.removeEventListener('visibilitychange', seen)
    }
  }

  /** "Stay signed in". */
  async renew(): Promise<void> {
    this.asking = true
    try {
      await this.#ask(() => plain.post<Expiry>('/session/renewal'), this.#running)
      // One that cannot last longer was read: it is not said again.
      this.#warns = false
    } finally {
      this.asking = false
    }
  }

  /** Somebody is here. The server is told now and then, well before the session would end. */
  #use(): void {
    this.#used = clock.read()
    const expiry = this.#expiry
    if (!expiry || this.#warns || this.asking) return
    if (this.#used - this.#told > (Date.parse(expiry.warn_at) - this.#told) / 4) void this.renew()
  }

  async #look(mine: number): Promise<void> {
    await this.#ask(() => plain.get<Expiry>('/session/expiry'), mine)
  }

  async #ask(call: () => Promise<Expiry>, mine: number): Promise<void> {
    clearTimeout(this.#timer)
    let wait = again
    try {
      const expiry = await call()
      if (mine !== this.#running) return
      clock.set(expiry.now)
      const now = Date.parse(expiry.now)
      if (this.#expiry?.expires_at !== expiry.expires_at) {
        this.#told = now
        this.#warns = false
      }
      const warned = this.#expiry?.expires_at === expiry.expires_at && this.#warns
      this.#expiry = expiry
      const due = now >= Date.parse(expiry.warn_at)
      if (due && !warned && Date.parse(expiry.ends_at) !== this.#last) {
        this.#warns = true
        if (!this.extends) this.#last = Date.parse(expiry.ends_at)
      }
      const next = due ? Date.parse(expiry.expires_at) + 500 : Date.parse(expiry.warn_at)
      wait = Math.min(Math.max(next - now, 500), longest)
    } catch {
      if (mine !== this.#running) return
      // Ended, or out of reach: the first is asked for by name.
      await session.load().catch(() => {})
      if (session.phase !== 'in' || mine !== this.#running) return
    }
    this.#timer = setTimeout(() => void this.#look(mine), wait)
  }

  /** The end that was said to be the last: it is said once. */
  #last = 0
}

export const staying = new Staying()
