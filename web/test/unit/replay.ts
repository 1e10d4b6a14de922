/** Replays a golden transcript (internal/protocol/testdata/README.md) against the protocol client, with a fake socket and vitest's fake clock. */
import { expect, vi } from 'vitest'
import { Client, type SocketLike } from '../../src/protocol/client'
import type { ReceiptName } from '../../src/protocol/frames'

class FakeSocket implements SocketLike {
  readyState = 0
  sent: unknown[] = []
  closedWith: number | undefined
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  onerror: ((event: never) => void) | null = null

  send(data: string) {
    if (this.readyState !== 1) throw new Error('sent on a socket that is not open')
    this.sent.push(JSON.parse(data))
  }
  close(code?: number) {
    if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) throw new Error(`a browser refuses to close with ${code}`)
    this.readyState = 3
    this.closedWith = code ?? 1005
  }
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** What happens on the server's side, and what was read beforehand. */
const notOurs = ['only', 'staff', 'since', 'ticket', 'origin', 'send', 'drain', 'elsewhere', 'connects', 'disconnects', 'signs-out', 'progress', 'enrols', 'unenrols', 'renames', 'names', 'database', 'scopes', 'replies', 'writes', 'notes', 'acts', 'claims', 'releases', 'assigns', 'chats', 'says']

/** The variables of one replay. */
class Names {
  #values = new Map<string, string>()
  #made = 0

  /** Puts values in; makes up those that have none. */
  fill(value: Json): Json {
    if (typeof value === 'string') return value.startsWith('$') ? this.of(value) : value
    if (Array.isArray(value)) return value.map((one) => this.fill(one))
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.fill(one)]))
    return value
  }

  of(name: string): string {
    let value = this.#values.get(name)
    if (value === undefined) {
      const n = ++this.#made
      if (/^\$(at|now)/.test(name)) value = new Date(Date.UTC(2026, 10, 21, 9, n)).toISOString()
      else if (name.startsWith('$text')) value = `sentence ${n}`
      else value = name.slice(1).padEnd(22, '_')
      this.#values.set(name, value)
    }
    return value
  }
}

export async function replay(text: string): Promise<'replayed' | 'not for the client'> {
  const lines = text.split('\n').map((line, i) => ({ at: i + 1, line: line.trim() })).filter(({ line }) => line && !line.startsWith('#'))
  if (lines.some(({ line }) => line === '! only server')) return 'not for the client'

  const names = new Names()
  const sockets: FakeSocket[] = []
  let socket: FakeSocket | undefined
  const shown: string[] = []
  let rereads: string[] = []
  const value = (word: string) => (word.startsWith('$') ? names.of(word) : word)
  const since = lines.find(({ line }) => line.startsWith('! since '))?.line.slice('! since '.length)
  // A client that uses tickets gets, for each hello, the one that the transcript expects in it.
  const tickets = lines.filter(({ line }) => line.startsWith('C ') && line.includes('"type":"hello"')).map(({ line }) => (JSON.parse(line.slice(2)) as { ticket?: string }).ticket)
  const client = new Client({
    url: 'ws://test/socket',
    since: since && value(since),
    ticket: tickets.some(Boolean) ? async () => value(tickets.shift()!) : undefined,
    random: () => 0.5,
    open: () => {
      const made = new FakeSocket()
      sockets.push(made)
      return made
    },
  })
  client.on('frame', (frame) => frame.type === 'message' && shown.push(frame.cursor))
  client.on('reread', (why) => rereads.push(why))

  const asked = () => sockets[sockets.length - 1]
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  const pass = async (milliseconds: number) => {
    await vi.advanceTimersByTimeAsync(milliseconds)
    await settle()
  }
  const expectFrame = async (wanted: Json) => {
    // Receipts of one moment are gathered for some milliseconds.
    for (let i = 0; i < 10 && socket!.sent.length === 0; i++) await pass(5)
    expect(socket!.sent.shift()).toEqual(wanted)
  }
  const noMore = () => expect(socket?.sent ?? []).toEqual([])

  const happen: Record<string, (rest: string[]) => void | Promise<void>> = {
    open: async () => {
      expect(asked()).toBeDefined()
      expect(asked()).not.toBe(socket)
      socket = asked()!
      socket.readyState = 1
      socket.onopen?.({} as never)
      await settle()
    },
    cut: async () => {
      noMore()
      socket!.readyState = 3
      socket!.onclose?.({ code: 1006 })
      await settle()
    },
    close: async ([code]) => {
      socket!.readyState = 3
      socket!.onclose?.({ code: Number(code) })
      await settle()
    },
    leaves: () => expect(socket!.closedWith).toBeDefined(),
    receipt: ([state, cursor]) => client.receipt(value(cursor!), state as ReceiptName),
    watch: ([test]) => client.watch(value(test!)),
    unwatch: ([test]) => client.unwatch(value(test!)),
    opens: ([conversation]) => client.open(value(conversation!)),
    shuts: ([conversation]) => client.shut(value(conversation!)),
    types: ([conversation]) => client.typing('typing', conversation && value(conversation)),
    stops: ([conversation]) => client.typing('idle', conversation && value(conversation)),
    page: ([, state]) => client.presence(state as 'online' | 'away'),
    shown: (cursors) => expect(shown).toEqual(cursors.map(value)),
    state: ([phase]) => expect(client.state.phase).toBe(phase),
    stop: ([why]) => {
      expect(client.state).toMatchObject({ phase: 'stopped', stop: why })
      expect(client.state.retryAt).toBeUndefined()
    },
    back: async ([ms]) => {
      const before = sockets.length
      expect(client.state.retryAt! - Date.now()).toBe(Number(ms))
      await pass(Number(ms) - 1)
      expect(sockets.length).toBe(before)
      await pass(1)
      expect(sockets.length).toBe(before + 1)
    },
    reread: ([why]) => {
      expect(rereads).toEqual([why])
      rereads = []
    },
    unconfirmed: ([n]) => expect(client.unconfirmed).toBe(Number(n)),
    pass: ([ms]) => pass(Number(ms)),
  }

  client.start()
  for (const { at, line } of lines) {
    const kind = line[0]
    const rest = line.slice(1).trim()
    try {
      if (kind === 'C') await expectFrame(names.fill(JSON.parse(rest)))
      else if (kind === 'S' || kind === '&') {
        socket!.onmessage?.({ data: JSON.stringify(names.fill(JSON.parse(rest))) })
        await settle()
      } else if (kind === '!') {
        const [what, ...words] = rest.split(/\s+/)
        if (notOurs.includes(what!)) continue
        const act = happen[what!]
        if (!act) throw new Error(`unknown directive ${what}`)
        await act(words)
      } else throw new Error('a line starts with C, S, &, ! or #')
    } catch (error) {
      ;(error as Error).message = `line ${at}: ${line.slice(0, 100)}\n${(error as Error).message}`
      throw error
    }
  }
  noMore()
  expect(rereads).toEqual([])
  client.stop()
  return 'replayed'
}
