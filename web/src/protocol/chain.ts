const MOST_GAPS = 3

/**
 * The chain of a person's messages: each names the one before it, so that one that is missing is noticed, and one that came
 * before is not taken again.
 */
export class Chain {
  /** Our place: undefined = none yet, '' = before the first message. */
  #cursor: string | undefined
  #seen = new Set<string>()
  #gaps = 0

  constructor(since?: string) {
    this.#cursor = since || undefined
  }

  get cursor(): string | undefined {
    return this.#cursor
  }

  /** Where to go on from on a new connection. Without a place the server starts with the oldest message not displayed yet, and the chain starts anew. */
  since(): string | undefined {
    return (this.#cursor ||= undefined)
  }

  /** Takes a message: `new` if it was not here and fits, `known` if it was, `gap` if something is missing before it. */
  take(cursor: string, prev: string): 'new' | 'known' | 'gap' {
    const known = this.#seen.has(cursor)
    if (this.#cursor !== undefined && prev !== this.#cursor) return known ? 'known' : 'gap'
    this.#cursor = cursor
    this.#seen.add(cursor)
    return known ? 'known' : 'new'
  }

  /** The server says that this is all: false if it is not what we have. */
  closes(cursor: string): boolean {
    if (this.#cursor !== undefined && this.#cursor !== cursor) return false
    this.#cursor = cursor
    this.#gaps = 0
    return true
  }

  /** Notes a gap. True if it will not close by coming back with our own place: the chain starts over from what the server knows. */
  broken(): boolean {
    if (++this.#gaps < MOST_GAPS) return false
    this.#gaps = 0
    this.#cursor = undefined
    return true
  }

  /** Gives our place up; what was taken is known still. */
  restart(): void {
    this.#cursor = undefined
  }

  /** Starts from nothing: what comes is new, whatever was here. */
  reset(): void {
    this.#cursor = undefined
    this.#seen.clear()
  }
}
