/**
 * The socket client: keeps one connection to the server alive and one chain of messages whole. It knows no framework and no
 * page; whoever uses it subscribes to frames and to the state.
 *
 *     idle → connecting → catching_up → up_to_date
 *                ▲             │             │
 *                └── waiting / offline ◄─────┘        stopped: only a person can help (sign in, reload)
 */
import { closing, delay, slowDelay, type Stop } from './closing'
import { type ClientFrame, type Command, read, type ReceiptName, type ServerFrame, type WireError } from './frames'
import { Receipts } from './receipts'

/** The part of a browser's WebSocket that we use. */
export interface SocketLike {
  readyState: number
  send(data: string): void
  close(code?: number, reason?: string): void
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  onerror: ((event: never) => void) | null
}

export type State = {
  phase: 'idle' | 'connecting' | 'catching_up' | 'up_to_date' | 'waiting' | 'offline' | 'stopped'
  /** Tries since the last good connection. */
  attempt: number
  /** When the next try comes (waiting, offline). */
  retryAt?: number
  /** When we last heard from the server while up to date. */
  lastGood?: number
  /** Why it stopped for good. */
  stop?: Stop
}

export type Events = {
  /** A frame, in order. Message frames only if they are new and fit the chain. */
  frame: (frame: ServerFrame) => void
  state: (state: State) => void
  /** What the page shows may be wrong: read it again (reset, resync, a chain that would not close, 4400). */
  reread: (why: 'reset' | 'resync' | 'chain' | 'bad_frames') => void
}

export type ClientOptions = {
  url: string
  /** Opens a socket; the browser's WebSocket with subprotocol crier.v1 unless told. */
  open?: (url: string) => SocketLike
  /** A one-use ticket for each hello, where there is no cookie. */
  ticket?: () => Promise<string>
  /** Where to go on from. */
  since?: string
  random?: () => number
  /** Whether the device says it has a network; true unless told. We keep trying either way, but name the state honestly. */
  online?: () => boolean
  /** Named in hello: "web/1". */
  name?: string
}

/** A command that failed: by the server's word, or `timeout` / `disconnected` (outcome unknown). */
export class CommandError extends Error {
  readonly code: string
  readonly field: string | undefined
  readonly limit: number | undefined
  constructor(error: WireError) {
    super(error.message)
    this.name = 'CommandError'
    this.code = error.code
    this.field = error.field
    this.limit = error.limit
  }
}

const SILENCE = 45_000
const OPENING = 15_000
const REPLY = 15_000
const STABLE = 10_000
const MOST_GAPS = 3
const TYPING_AGAIN = 3_000

type Pending = { resolve: () => void; reject: (error: CommandError) => void; timer: ReturnType<typeof setTimeout> }

export class Client {
  #options: ClientOptions
  #random: () => number
  #socket: SocketLike | undefined
  #listeners: { [E in keyof Events]: Set<Events[E]> } = { frame: new Set(), state: new Set(), reread: new Set() }
  #state: State = { phase: 'idle', attempt: 0 }

  #nextId = 1
  #pending = new Map<string, Pending>()
  #receipts: Receipts
  #watched = new Map<string, number>() // test → how many want it
  #open = new Map<string, number>() // conversation → how many windows want it
  #typed = new Map<string, number>() // conversation ('' = a candidate's own) → when typing was said last
  #presence: 'online' | 'away' | undefined

  /** Our place in the chain: undefined = none yet, '' = before the first message. */
  #cursor: string | undefined
  #seen = new Set<string>()
  #gaps = 0

  #welcomed = 0
  #heard = 0
  #comeBack: number | undefined
  #timers: { silence?: ReturnType<typeof setTimeout>; retry?: ReturnType<typeof setTimeout>; opening?: ReturnType<typeof setTimeout> } = {}

  constructor(options: ClientOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#cursor = options.since || undefined
    this.#receipts = new Receipts((state, cursors) => this.request({ type: 'receipt', state, cursors }))
  }

  get state(): State {
    return this.#state
  }

  get cursor(): string | undefined {
    return this.#cursor
  }

  /** Receipts that the server has not confirmed yet. */
  get unconfirmed(): number {
    return this.#receipts.size
  }

  /** The same, for a page that is about to go and must send them some other way. */
  unconfirmedReceipts(): { id: string; state: ReceiptName }[] {
    return this.#receipts.list()
  }

  on<E extends keyof Events>(event: E, listener: Events[E]): () => void {
    this.#listeners[event].add(listener)
    return () => this.#listeners[event].delete(listener)
  }

  /** Connects and stays connected until `stop`. */
  start(): void {
    if (this.#state.phase !== 'idle' && this.#state.phase !== 'stopped') return
    this.#change({ phase: 'idle', attempt: 0, stop: undefined, retryAt: undefined })
    this.#connect()
  }

  /** Closes; `start` connects again with the same cursor and receipts. */
  stop(): void {
    this.#drop(1000)
    this.#change({ phase: 'idle', attempt: 0, retryAt: undefined })
  }

  /** Notes how far a message has come here. Kept and repeated until the server has confirmed it. */
  receipt(cursor: string, state: ReceiptName): void {
    this.#receipts.note(cursor, state)
  }

  /** Staff: live events of a test, also after every reconnect. */
  watch(test: string): void {
    const wanted = this.#watched.get(test) ?? 0
    this.#watched.set(test, wanted + 1)
    if (this.#welcomed && wanted === 0) void this.request({ type: 'watch', test }).catch(() => {})
  }

  unwatch(test: string): void {
    const wanted = this.#watched.get(test) ?? 0
    if (wanted > 1) {
      this.#watched.set(test, wanted - 1)
      return
    }
    this.#watched.delete(test)
    if (this.#welcomed && wanted === 1) void this.request({ type: 'unwatch', test }).catch(() => {})
  }

  /** Staff: a conversation stands open in a window here, also after every reconnect. */
  open(conversation: string): void {
    const wanted = this.#open.get(conversation) ?? 0
    this.#open.set(conversation, wanted + 1)
    if (this.#welcomed && wanted === 0) void this.request({ type: 'open', conversation }).catch(() => {})
  }

  shut(conversation: string): void {
    const wanted = this.#open.get(conversation) ?? 0
    if (wanted > 1) {
      this.#open.set(conversation, wanted - 1)
      return
    }
    this.#open.delete(conversation)
    this.#typed.delete(conversation)
    if (this.#welcomed && wanted === 1) void this.request({ type: 'shut', conversation }).catch(() => {})
  }

  /**
   * Says that somebody types here, or no longer does: call it with every key. Staff name the conversation, which must be open; candidates none.
   * The server ends it 6 s after it was said last.
   */
  typing(state: 'typing' | 'idle', conversation?: string): void {
    const said = this.#typed.get(conversation ?? '')
    if (!this.#welcomed || (conversation !== undefined && !this.#open.has(conversation))) return
    if (state === 'idle') {
      if (!this.#typed.delete(conversation ?? '')) return
    } else {
      if (said !== undefined && Date.now() - said < TYPING_AGAIN) return
      this.#typed.set(conversation ?? '', Date.now())
    }
    this.#send({ type: 'typing', conversation, state })
  }

  /** Candidate: whether the page is in view. Repeated after every reconnect. */
  presence(state: 'online' | 'away'): void {
    if (this.#presence === state) return
    this.#presence = state
    if (this.#welcomed) this.#send({ type: 'presence', state })
  }

  /** Sends a command and waits for its reply. Rejects with CommandError. */
  request(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#welcomed && command.type !== 'hello') return reject(new CommandError({ code: 'disconnected', message: 'not connected' }))
      const id = String(this.#nextId++)
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new CommandError({ code: 'timeout', message: 'no reply' }))
      }, REPLY)
      this.#pending.set(id, { resolve, reject, timer })
      this.#send({ ...command, id })
    })
  }

  /** The browser says the network is back, or the page is in view again: do not sit out a long wait. */
  wake(): void {
    if (this.#state.phase === 'waiting' || this.#state.phase === 'offline') {
      // All of a hall's screens may come back with one switch: still with jitter.
      this.#wait(delay(0, this.#random))
    } else if (this.#welcomed && Date.now() - this.#heard > SILENCE) this.#lost(4408)
  }

  /** The browser says the network is gone. */
  networkLost(): void {
    if (this.#state.phase === 'stopped' || this.#state.phase === 'idle') return
    this.#drop(4408)
    this.#wait(delay(4, this.#random))
  }

  // ---- the connection

  #connect(): void {
    clearTimeout(this.#timers.retry)
    this.#comeBack = undefined
    this.#change({ phase: this.#online() ? 'connecting' : 'offline', retryAt: undefined })
    let socket: SocketLike
    try {
      socket = (this.#options.open ?? browserSocket)(this.#options.url)
    } catch {
      return this.#lost(1006)
    }
    this.#socket = socket
    // A try that hangs (a proxy that swallows the upgrade) is given up.
    this.#timers.opening = setTimeout(() => this.#lost(4408), OPENING)
    const mine = (fn: () => void) => this.#socket === socket && fn()
    socket.onopen = () => mine(() => void this.#hello())
    socket.onmessage = (event) => mine(() => this.#received(event.data))
    socket.onclose = (event) => mine(() => this.#lost(event.code))
    socket.onerror = () => {} // a close always follows
  }

  async #hello(): Promise<void> {
    const socket = this.#socket
    let ticket: string | undefined
    if (this.#options.ticket) {
      try {
        ticket = await this.#options.ticket()
      } catch {
        if (this.#socket === socket) this.#lost(1006)
        return
      }
      if (this.#socket !== socket) return
    }
    // Without a place of our own the server starts with the oldest message not displayed yet; the chain starts anew.
    const since = this.#cursor || undefined
    if (!since) this.#cursor = undefined
    this.request({ type: 'hello', ticket, since, client: this.#options.name ?? 'web/1' }).catch(() => {})
  }

  #received(data: unknown): void {
    const frame = read(data)
    if (!frame) return
    this.#heard = Date.now()
    this.#watchSilence()
    if (this.#state.phase === 'up_to_date') this.#change({ lastGood: this.#heard })
    switch (frame.type) {
      case 'welcome':
        return this.#enter(frame)
      case 'message':
        return this.#message(frame)
      case 'caught_up':
        if (this.#cursor !== undefined && this.#cursor !== frame.cursor) return this.#gap()
        this.#cursor = frame.cursor
        this.#gaps = 0
        this.#change({ phase: 'up_to_date', lastGood: this.#heard })
        break
      case 'reset':
        this.#cursor = undefined
        this.#seen.clear()
        this.#emit('reread', 'reset')
        break
      case 'resync':
        this.#emit('reread', 'resync')
        break
      case 'reply':
        return this.#replied(frame.id, frame.error)
      case 'receipt':
        this.#receipts.known(frame.cursor, frame.state)
        break
      case 'beat':
        this.#send({ type: 'beat' })
        break
      case 'bye':
        this.#comeBack = frame.come_back_ms
        break
    }
    this.#emit('frame', frame)
  }

  #enter(frame: Extract<ServerFrame, { type: 'welcome' }>): void {
    clearTimeout(this.#timers.opening)
    this.#welcomed = this.#heard
    this.#change(frame.role === 'candidate' ? { phase: 'catching_up' } : { phase: 'up_to_date', lastGood: this.#heard })
    this.#emit('frame', frame)
    if (this.#presence) this.#send({ type: 'presence', state: this.#presence })
    for (const test of this.#watched.keys()) void this.request({ type: 'watch', test }).catch(() => {})
    for (const conversation of this.#open.keys()) void this.request({ type: 'open', conversation }).catch(() => {})
    this.#receipts.connected()
  }

  /** Exactly once and in order: applied only if it follows what we have; rendering and moving the cursor are one step. */
  #message(frame: Extract<ServerFrame, { type: 'message' }>): void {
    const seen = this.#seen.has(frame.cursor)
    if (this.#cursor !== undefined && frame.prev !== this.#cursor) {
      if (!seen) this.#gap()
      return
    }
    this.#cursor = frame.cursor
    if (seen) return
    this.#seen.add(frame.cursor)
    this.#emit('frame', frame)
    if (frame.message.state === 'queued' && !frame.message.mine) this.#receipts.note(frame.cursor, 'delivered')
  }

  /** Something is missing between our cursor and the server's: come back with our own. */
  #gap(): void {
    if (++this.#gaps >= MOST_GAPS) {
      // It will not close: start over from what the server knows, and let the page read its state again.
      this.#gaps = 0
      this.#cursor = undefined
      this.#emit('reread', 'chain')
    }
    this.#lost(4408)
  }

  #replied(id: string, error: WireError | undefined): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    if (error) pending.reject(new CommandError(error))
    else pending.resolve()
  }

  /** Frees the socket and everything that waits on it. */
  #drop(code: number): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    const socket = this.#socket
    this.#socket = undefined
    this.#welcomed = 0
    this.#typed.clear()
    this.#receipts.disconnected()
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(new CommandError({ code: 'disconnected', message: 'the connection was lost' }))
    }
    this.#pending.clear()
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    if (socket.readyState <= 1) socket.close(code)
  }

  #lost(code: number): void {
    const lasted = this.#welcomed ? Date.now() - this.#welcomed : 0
    const comeBack = this.#comeBack
    this.#drop(code === 1006 ? 1000 : code >= 3000 ? code : 1000)
    const what = closing(code)
    if (what.back === 'never') return this.#change({ phase: 'stopped', stop: what.stop, retryAt: undefined })
    const attempt = lasted >= STABLE ? 0 : this.#state.attempt
    if (what.back === 'fresh') {
      this.#cursor = undefined
      this.#emit('reread', 'bad_frames')
    }
    let wait = delay(attempt, this.#random)
    if (what.back === 'slowly') wait = slowDelay(this.#random)
    else if (comeBack !== undefined) wait = Math.max(0, comeBack)
    this.#state = { ...this.#state, attempt: attempt + 1 }
    this.#wait(wait)
  }

  #online(): boolean {
    return this.#options.online?.() ?? true
  }

  #wait(milliseconds: number): void {
    clearTimeout(this.#timers.retry)
    this.#timers.retry = setTimeout(() => this.#connect(), milliseconds)
    this.#change({ phase: this.#online() ? 'waiting' : 'offline', retryAt: Date.now() + milliseconds })
  }

  /** Timers of hidden tabs run late; what counts is how long nothing was heard. */
  #watchSilence(): void {
    clearTimeout(this.#timers.silence)
    this.#timers.silence = setTimeout(() => this.#lost(4408), SILENCE)
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame))
  }

  #change(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change }
    this.#emit('state', this.#state)
  }

  #emit<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): void {
    for (const listener of this.#listeners[event]) (listener as (...a: Parameters<Events[E]>) => void)(...args)
  }
}

function browserSocket(url: string): SocketLike {
  return new WebSocket(url, 'crier.v1') as unknown as SocketLike
}
