import { Client, type State } from '../protocol/client'
import type { ServerFrame } from '../protocol/frames'
import { ApiError } from './api'
import { clock } from './clock.svelte'
import { session } from './session.svelte'
import { Spread } from './spread'

/** Names may change for many people at once: their pages read their own within this many milliseconds. */
const selfWithin = 5000

const pollEvery = 10_000
/** A socket that neither opens nor fails for so long is taken for blocked. */
const hangsAfter = 6000

const url = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/socket`

/**
 * The page's one socket as reactive state: the client's phase, whether the server can store, and the browser's hints (network,
 * visibility) passed on. `client` is for subscribing to frames and sending.
 */
class Connection {
  readonly client = new Client({ url: url(), online: () => navigator.onLine })
  state: State = $state.raw(this.client.state)
  sending: 'ok' | 'unavailable' = $state('ok')
  /** The server answers, but no socket opens (a proxy forbids it): the page asks every ten seconds. */
  polling = $state(false)
  #misses = 0
  #hanging: ReturnType<typeof setTimeout> | undefined
  #next: ReturnType<typeof setTimeout> | undefined
  #polls = new Set<() => Promise<void> | void>()
  #stops: (() => void)[] = []
  #self = new Spread(() => session.load().catch(() => {}))

  /** Starts with the session and keeps going until `stop`. Safe to call again. */
  start(): void {
    if (this.#stops.length) {
      if (this.state.phase === 'stopped') this.client.start()
      return
    }
    const listen = (target: EventTarget, type: string, fn: () => void) => {
      target.addEventListener(type, fn)
      this.#stops.push(() => target.removeEventListener(type, fn))
    }
    this.#stops.push(
      this.client.on('state', (state) => this.#changed(state)),
      this.client.on('frame', (frame) => this.#frame(frame)),
      () => this.client.stop(),
      () => clearTimeout(this.#hanging),
      () => this.#poll(false),
    )
    listen(window, 'online', () => this.client.wake())
    listen(window, 'offline', () => this.client.networkLost())
    listen(document, 'visibilitychange', () => document.visibilityState === 'visible' && this.client.wake())
    this.client.start()
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  /** Staff: live events of a test for as long as a component shows it. Returns how to end it: made for $effect. */
  watch(test: string): () => void {
    this.client.watch(test)
    return () => this.client.unwatch(test)
  }

  /** What to do every ten seconds while no socket opens. Returns how to stop: made for $effect. */
  onPoll(ask: () => Promise<void> | void): () => void {
    this.#polls.add(ask)
    return () => this.#polls.delete(ask)
  }

  /** Begins or ends asking. */
  #poll(on: boolean): void {
    if (this.polling === on) return
    this.polling = on
    clearTimeout(this.#next)
    if (on) void this.#ask()
  }

  async #ask(): Promise<void> {
    try {
      await Promise.all([...this.#polls].map((ask) => ask()))
    } catch (error) {
      // The server is away: that is another matter, and said in other words.
      if (error instanceof ApiError && error.code === 'network') this.#poll(false)
    }
    if (this.polling) this.#next = setTimeout(() => void this.#ask(), pollEvery * (0.8 + 0.4 * Math.random()))
  }

  #changed(state: State): void {
    const before = this.state
    this.state = state
    if (state.phase === 'stopped' && state.stop === 'signed_out') session.ended()
    // A browser hides why an upgrade was refused (it looks like a lost network): after two misses ask whether we are signed in.
    if (state.phase === 'waiting' && before.phase !== 'waiting' && ++this.#misses >= 2) void this.#stillSignedIn()
    if (state.phase === before.phase) return
    clearTimeout(this.#hanging)
    // A proxy may swallow the upgrade without an answer.
    if (state.phase === 'connecting') this.#hanging = setTimeout(() => void this.#stillSignedIn(), hangsAfter)
    if (state.phase === 'offline' || state.phase === 'stopped' || state.phase === 'idle') this.#poll(false)
  }

  async #stillSignedIn(): Promise<void> {
    try {
      await session.load()
    } catch {
      this.#poll(false)
      return // the network it is
    }
    if (session.phase !== 'in') return this.client.stop()
    const { phase } = this.state
    if (phase === 'waiting' || phase === 'connecting') this.#poll(true)
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome' || frame.type === 'beat') clock.set(frame.now)
    if (frame.type === 'welcome') {
      this.sending = 'ok'
      this.#misses = 0
      this.#poll(false)
    }
    if (frame.type === 'status') this.sending = frame.sending
    if (frame.type === 'self') this.#self.within(selfWithin)
  }
}

export const connection = new Connection()
