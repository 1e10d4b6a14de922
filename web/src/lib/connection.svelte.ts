import { Client, type State } from '../protocol/client'
import type { ServerFrame } from '../protocol/frames'
import { clock } from './clock.svelte'
import { session } from './session.svelte'
import { Spread } from './spread'

/** Names may change for many people at once: their pages read their own within this many milliseconds. */
const selfWithin = 5000

const url = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/socket`

/**
 * The page's one socket as reactive state: the client's phase, whether the server can store, and the browser's hints (network,
 * visibility) passed on. `client` is for subscribing to frames and sending.
 */
class Connection {
  readonly client = new Client({ url: url(), online: () => navigator.onLine })
  state: State = $state.raw(this.client.state)
  sending: 'ok' | 'unavailable' = $state('ok')
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

  #changed(state: State): void {
    const before = this.state
    this.state = state
    if (state.phase === 'stopped' && state.stop === 'signed_out') session.ended()
    // A browser hides why an upgrade was refused (it looks like a lost network): after two misses ask whether we are signed in.
    if (state.phase === 'waiting' && before.phase !== 'waiting' && state.attempt >= 2) void this.#stillSignedIn()
  }

  async #stillSignedIn(): Promise<void> {
    try {
      await session.load()
    } catch {
      return // the network it is
    }
    if (session.phase !== 'in') this.client.stop()
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome' || frame.type === 'beat') clock.set(frame.now)
    if (frame.type === 'welcome') this.sending = 'ok'
    if (frame.type === 'status') this.sending = frame.sending
    if (frame.type === 'self') this.#self.within(selfWithin)
  }
}

export const connection = new Connection()
