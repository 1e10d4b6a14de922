import { rank, type ReceiptName } from './frames'
import type { CommandError } from './commands'

const MOST = 100
const GATHER = 25
const AGAIN = 5_000

/**
 * Receipts on their way: each is kept until the server has replied, and sent again after a reconnect. Those of the same moment
 * travel together, at most 100 to a frame; a later state of the same message replaces an earlier one that waits.
 */
export class Receipts {
  #send: (state: ReceiptName, cursors: string[]) => Promise<void>
  /** cursor → what the server has not confirmed yet, in the order they came. */
  #open = new Map<string, ReceiptName>()
  /** cursor → what is in a frame that has no reply yet. */
  #flying = new Map<string, ReceiptName>()
  /** cursor → the highest the server has confirmed, so that nothing is said twice. */
  #confirmed = new Map<string, ReceiptName>()
  #connected = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: (state: ReceiptName, cursors: string[]) => Promise<void>) {
    this.#send = send
  }

  /** What the server has not confirmed yet. */
  list(): { id: string; state: ReceiptName }[] {
    return [...this.#open].map(([id, state]) => ({ id, state }))
  }

  get size(): number {
    return this.#open.size
  }

  note(cursor: string, state: ReceiptName): void {
    const known = Math.max(rank[this.#open.get(cursor) ?? 'queued'], rank[this.#confirmed.get(cursor) ?? 'queued'])
    if (rank[state] <= known) return
    this.#open.set(cursor, state)
    this.#later(GATHER)
  }

  /** The server says how far a message has come (reported by another tab): nothing up to there needs saying. */
  known(cursor: string, state: ReceiptName): void {
    if (rank[this.#open.get(cursor) ?? 'queued'] <= rank[state]) this.#open.delete(cursor)
    if (rank[state] > rank[this.#confirmed.get(cursor) ?? 'queued']) this.#confirmed.set(cursor, state)
  }

  connected(): void {
    this.#connected = true
    this.#flush()
  }

  disconnected(): void {
    this.#connected = false
    this.#flying.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #later(milliseconds: number): void {
    if (!this.#connected || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#flush(), milliseconds)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#connected) return
    const byState = new Map<ReceiptName, string[]>()
    for (const [cursor, state] of this.#open) {
      if (this.#flying.get(cursor) === state) continue
      byState.set(state, [...(byState.get(state) ?? []), cursor])
    }
    for (const [state, cursors] of byState) {
      for (let i = 0; i < cursors.length; i += MOST) this.#fly(state, cursors.slice(i, i + MOST))
    }
  }

  #fly(state: ReceiptName, cursors: string[]): void {
    for (const cursor of cursors) this.#flying.set(cursor, state)
    this.#send(state, cursors).then(
      () => this.#settle(state, cursors),
      (error: CommandError) => {
        for (const cursor of cursors) if (this.#flying.get(cursor) === state) this.#flying.delete(cursor)
        if (error.code === 'disconnected') return // sent again by connected()
        if (error.code === 'timeout' || error.code === 'unavailable' || error.code === 'rate_limited' || error.code === 'internal') this.#later(AGAIN)
        else this.#settle(state, cursors) // the server will never take these
      },
    )
  }

  #settle(state: ReceiptName, cursors: string[]): void {
    for (const cursor of cursors) {
      if (this.#flying.get(cursor) === state) this.#flying.delete(cursor)
      this.known(cursor, state)
    }
  }
}
