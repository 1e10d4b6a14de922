/**
 * The socket client: keeps one connection to the server alive and one chain of messages whole. It knows no framework and no
 * page; whoever uses it subscribes to frames and to the state.
 *
 *     idle → connecting → catching_up → up_to_date
 *                ▲             │             │
 *                └── waiting / offline ◄─────┘        stopped: only a person can help (sign in, reload)
 */
import { Chain } from './chain'
import { closing, delay, slowDelay, type Stop } from './closing'
import { CommandError, Commands } from './commands'
import { type ClientFrame, type Command, read, type ReceiptName, type ServerFrame } from './frames'
import { Receipts } from './receipts'
import { Standing } from './standing'

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

const SILENCE = 45_000
const OPENING = 15_000
const STABLE = 10_000

export class Client {
  #options: ClientOptions
  #random: () => number
  #socket: SocketLike | undefined
  #listeners: { [E in keyof Events]: Set<Events[E]> } = { frame: new Set(), state: new Set(), reread: new Set() }
  #state: State = { phase: 'idle', attempt: 0 }

  #chain: Chain
  #commands: Commands
  #receipts: Receipts
  #standing: Standing

  #welcomed = 0
  #heard = 0
  #comeBack: number | undefined
  #timers: { silence?: ReturnType<typeof setTimeout>; retry?: ReturnType<typeof setTimeout>; opening?: ReturnType<typeof setTimeout> } = {}

  constructor(options: ClientOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#chain = new Chain(options.since)
    this.#commands = new Commands((frame) => this.#send(frame))
    this.#receipts = new Receipts((state, cursors) => this.request({ type: 'receipt', state, cursors }))
    this.#standing = new Standing({ tell: (command) => this.#send(command), ask: (command) => void this.request(command).catch(() => {}) })
  }

  get state(): State {
    return this.#state
  }

  get cursor(): string | undefined {
    return this.#chain.cursor
  }

  /** Receipts that the server has not confirmed yet. */
  get unconfirmed(): number {
    return this.#receipts.size
  }

  /** The same, for a page that is about to go and must send them some other way. */
  unconfirmedReceipts(): { id: string; state: ReceiptName }[] {
    return this.#receipts.list()
  }

  /** The server has taken these some other way. */
  confirmed(items: readonly { id: string; state: ReceiptName }[]): void {
    for (const { id, state } of items) this.#receipts.known(id, state)
  }

  /** Has the page read what it shows again: no frames come that would tell what changed. */
  refresh(): void {
    this.#emit('reread', 'resync')
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

  /** Staff: live events of a test, also after every reconnect, until as many have said `unwatch`. */
  watch(test: string): void {
    this.#standing.watch(test)
  }

  unwatch(test: string): void {
    this.#standing.unwatch(test)
  }

  /** Staff: a conversation stands open in a window here, also after every reconnect, until as many have said `shut`. */
  open(conversation: string): void {
    this.#standing.open(conversation)
  }

  shut(conversation: string): void {
    this.#standing.shut(conversation)
  }

  /**
   * Says that somebody types here, or no longer does: call it with every key. Staff name the conversation, which must be open; candidates none.
   * The server ends it 6 s after it was said last.
   */
  typing(state: 'typing' | 'idle', conversation?: string): void {
    this.#standing.typing(state, conversation)
  }

  /** Candidate: whether the page is in view. Repeated after every reconnect. */
  presence(state: 'online' | 'away'): void {
    this.#standing.presence(state)
  }

  /** Sends a command and waits for its reply. Rejects with CommandError. */
  async request(command: Command): Promise<void> {
    if (!this.#welcomed) throw new CommandError({ code: 'disconnected', message: 'not connected' })
    return this.#commands.request(command)
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
    this.#commands.request({ type: 'hello', ticket, since: this.#chain.since(), client: this.#options.name ?? 'web/1' }).catch(() => {})
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
        if (!this.#chain.closes(frame.cursor)) return this.#gap()
        this.#change({ phase: 'up_to_date', lastGood: this.#heard })
        break
      case 'reset':
        this.#chain.reset()
        this.#emit('reread', 'reset')
        break
      case 'resync':
        this.#emit('reread', 'resync')
        break
      case 'reply':
        return this.#commands.replied(frame.id, frame.error)
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
    this.#standing.connected()
    this.#receipts.connected()
  }

  /** Exactly once and in order: applied only if it follows what we have; rendering and moving the cursor are one step. */
  #message(frame: Extract<ServerFrame, { type: 'message' }>): void {
    switch (this.#chain.take(frame.cursor, frame.prev)) {
      case 'gap':
        return this.#gap()
      case 'new':
        this.#emit('frame', frame)
        if (frame.message.state === 'queued' && !frame.message.mine) this.#receipts.note(frame.cursor, 'delivered')
    }
  }

  /** Something is missing between our place and the server's: come back with our own, or, if it will not close, read the page's state again. */
  #gap(): void {
    if (this.#chain.broken()) this.#emit('reread', 'chain')
    this.#lost(4408)
  }

  /** Frees the socket and everything that waits on it. */
  #drop(code: number): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    const socket = this.#socket
    this.#socket = undefined
    this.#welcomed = 0
    this.#standing.disconnected()
    this.#receipts.disconnected()
    this.#commands.disconnected()
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
      this.#chain.restart()
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
