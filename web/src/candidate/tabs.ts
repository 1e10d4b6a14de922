import { rank, type ReceiptName } from '../protocol/frames'

type Said = { id: string; state: ReceiptName }

/** The browser's other tabs of the same person: what happens to a message in one is known in all, also while offline. */
export class Tabs {
  #channel: BroadcastChannel | undefined

  constructor(person: string, heard: (id: string, state: ReceiptName) => void) {
    if (typeof BroadcastChannel === 'undefined') return
    this.#channel = new BroadcastChannel('crier ' + person)
    this.#channel.onmessage = (event: MessageEvent<Said>) => {
      const { id, state } = event.data ?? {}
      if (typeof id === 'string' && state in rank) heard(id, state)
    }
  }

  tell(id: string, state: ReceiptName): void {
    this.#channel?.postMessage({ id, state } satisfies Said)
  }

  close(): void {
    this.#channel?.close()
  }
}
