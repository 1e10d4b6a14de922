import type { ClientFrame, Command, WireError } from './frames'

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

const REPLY = 15_000

type Pending = { resolve: () => void; reject: (error: CommandError) => void; timer: ReturnType<typeof setTimeout> }

/** Commands that wait for their reply: each ends by it, after 15 s, or with its connection. */
export class Commands {
  #send: (frame: ClientFrame) => void
  #nextId = 1
  #pending = new Map<string, Pending>()

  constructor(send: (frame: ClientFrame) => void) {
    this.#send = send
  }

  request(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = String(this.#nextId++)
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new CommandError({ code: 'timeout', message: 'no reply' }))
      }, REPLY)
      this.#pending.set(id, { resolve, reject, timer })
      this.#send({ ...command, id })
    })
  }

  /** A reply came. One that nobody waits for is nothing. */
  replied(id: string, error: WireError | undefined): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    if (error) pending.reject(new CommandError(error))
    else pending.resolve()
  }

  disconnected(): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(new CommandError({ code: 'disconnected', message: 'the connection was lost' }))
    }
    this.#pending.clear()
  }
}
