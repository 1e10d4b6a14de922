import type { Command } from './frames'

const TYPING_AGAIN = 3_000

/** How the server is told: `tell` without waiting for an answer, `ask` as a command with a reply. */
type Line = { tell: (command: Command) => void; ask: (command: Command) => void }

/**
 * What the page is to the server beside its messages: the tests it watches, the conversations that stand open, who types
 * and whether it is in view. Said again on every new connection.
 */
export class Standing {
  #line: Line
  #connected = false
  #tests = new Wanted()
  #conversations = new Wanted()
  #typed = new Map<string, number>() // conversation ('' = a candidate's own) → when typing was said last
  #presence: 'online' | 'away' | undefined

  constructor(line: Line) {
    this.#line = line
  }

  connected(): void {
    this.#connected = true
    if (this.#presence) this.#line.tell({ type: 'presence', state: this.#presence })
    for (const test of this.#tests.all()) this.#line.ask({ type: 'watch', test })
    for (const conversation of this.#conversations.all()) this.#line.ask({ type: 'open', conversation })
  }

  disconnected(): void {
    this.#connected = false
    this.#typed.clear()
  }

  watch(test: string): void {
    if (this.#tests.more(test) && this.#connected) this.#line.ask({ type: 'watch', test })
  }

  unwatch(test: string): void {
    if (this.#tests.less(test) && this.#connected) this.#line.ask({ type: 'unwatch', test })
  }

  open(conversation: string): void {
    if (this.#conversations.more(conversation) && this.#connected) this.#line.ask({ type: 'open', conversation })
  }

  shut(conversation: string): void {
    if (!this.#conversations.less(conversation)) return
    this.#typed.delete(conversation)
    if (this.#connected) this.#line.ask({ type: 'shut', conversation })
  }

  typing(state: 'typing' | 'idle', conversation?: string): void {
    if (!this.#connected || (conversation !== undefined && !this.#conversations.has(conversation))) return
    const where = conversation ?? ''
    if (state === 'idle') {
      if (!this.#typed.delete(where)) return
    } else {
      if (Date.now() - (this.#typed.get(where) ?? -Infinity) < TYPING_AGAIN) return
      this.#typed.set(where, Date.now())
    }
    this.#line.tell({ type: 'typing', conversation, state })
  }

  presence(state: 'online' | 'away'): void {
    if (this.#presence === state) return
    this.#presence = state
    if (this.#connected) this.#line.tell({ type: 'presence', state })
  }
}

/** What is wanted by how many: two windows of one page may want the same. */
class Wanted {
  #by = new Map<string, number>()

  all(): Iterable<string> {
    return this.#by.keys()
  }

  has(what: string): boolean {
    return this.#by.has(what)
  }

  /** True if nobody wanted it before. */
  more(what: string): boolean {
    const by = this.#by.get(what) ?? 0
    this.#by.set(what, by + 1)
    return by === 0
  }

  /** True if nobody wants it any more. */
  less(what: string): boolean {
    const by = this.#by.get(what) ?? 0
    if (by > 1) this.#by.set(what, by - 1)
    else this.#by.delete(what)
    return by === 1
  }
}
