import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Client, type SocketLike } from '../../src/protocol/client'
import { closing, delay, slowDelay } from '../../src/protocol/closing'
import { CommandError } from '../../src/protocol/commands'
import { read } from '../../src/protocol/frames'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Fake = SocketLike & { sent: Record<string, unknown>[] }

function setUp(options: Partial<ConstructorParameters<typeof Client>[0]> = {}) {
  const sockets: Fake[] = []
  const client = new Client({
    url: 'ws://test',
    random: () => 0.5,
    open: () => {
      const socket: Fake = { readyState: 0, sent: [], onopen: null, onmessage: null, onclose: null, onerror: null, send: (data) => void socket.sent.push(JSON.parse(data)), close: () => void (socket.readyState = 3) }
      sockets.push(socket)
      return socket
    },
    ...options,
  })
  const say = (frame: unknown) => sockets.at(-1)!.onmessage?.({ data: JSON.stringify(frame) })
  const open = async () => {
    sockets.at(-1)!.readyState = 1
    sockets.at(-1)!.onopen?.(undefined as never)
    await vi.advanceTimersByTimeAsync(0)
  }
  const welcome = () => say({ type: 'welcome', v: 1, role: 'candidate', person: 'p', name: 'n', now: '2026-11-21T09:00:00Z', beat: 20 })
  return { client, sockets, say, open, welcome }
}

test('the browser’s word that the network is gone counts at once, and its word that it is back cuts the wait', async () => {
  let online = true
  const { client, sockets, open, welcome, say } = setUp({ online: () => online })
  client.start()
  await open()
  welcome()
  say({ type: 'caught_up', cursor: 'a' })
  online = false
  client.networkLost()
  expect(client.state.phase).toBe('offline')
  expect(sockets[0]!.readyState).toBe(3)
  // It keeps trying all the same: such a word may be wrong.
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sockets.length).toBe(2)
  expect(client.state.phase).toBe('offline')
  sockets[1]!.onclose?.({ code: 1006 })
  online = true
  client.wake()
  expect(client.state.phase).toBe('waiting')
  await vi.advanceTimersByTimeAsync(900)
  expect(sockets.length).toBe(3)
})

test('a page that wakes after a long sleep does not trust an old connection', async () => {
  const { client, sockets, open, welcome, say } = setUp()
  client.start()
  await open()
  welcome()
  say({ type: 'caught_up', cursor: 'a' })
  vi.setSystemTime(Date.now() + 120_000) // the machine slept: no timer ran
  client.wake()
  expect(sockets[0]!.readyState).toBe(3)
  expect(client.state.phase).toBe('waiting')
})

test('a command without a reply fails after 15 s; one on a lost connection at once', async () => {
  const { client, sockets, open, welcome } = setUp()
  client.start()
  await expect(client.request({ type: 'watch', test: 't' })).rejects.toMatchObject({ code: 'disconnected' })
  await open()
  welcome()
  const slow = expect(client.request({ type: 'watch', test: 't' })).rejects.toMatchObject({ code: 'timeout' })
  await vi.advanceTimersByTimeAsync(15_000)
  await slow
  const lost = expect(client.request({ type: 'watch', test: 't' })).rejects.toBeInstanceOf(CommandError)
  sockets[0]!.onclose?.({ code: 1006 })
  await lost
})

test('a fresh ticket for every hello; without one, try again later', async () => {
  const tickets = ['one', undefined, 'two']
  const { client, sockets, open } = setUp({
    ticket: async () => {
      const ticket = tickets.shift()
      if (!ticket) throw new Error('no network')
      return ticket
    },
  })
  client.start()
  await open()
  expect(sockets[0]!.sent[0]).toMatchObject({ type: 'hello', ticket: 'one' })
  sockets[0]!.onclose?.({ code: 1006 })
  await vi.advanceTimersByTimeAsync(900)
  await open()
  expect(sockets[1]!.sent).toEqual([])
  expect(client.state.phase).toBe('waiting')
  await vi.advanceTimersByTimeAsync(1650)
  await open()
  expect(sockets[2]!.sent[0]).toMatchObject({ ticket: 'two' })
})

test('4400: the page reads again, and the next connection has no place to go on from', async () => {
  const { client, sockets, open, welcome, say } = setUp()
  const reread: string[] = []
  client.on('reread', (why) => reread.push(why))
  client.start()
  await open()
  welcome()
  say({ type: 'caught_up', cursor: 'a' })
  sockets[0]!.onclose?.({ code: 4400 })
  expect(reread).toEqual(['bad_frames'])
  await vi.advanceTimersByTimeAsync(900)
  await open()
  expect(sockets[1]!.sent[0]).toMatchObject({ type: 'hello' })
  expect(sockets[1]!.sent[0]).not.toHaveProperty('since')
})

test('receipts: at most 100 to a frame, a later state replaces one that waits', async () => {
  const { client, sockets, open, welcome } = setUp()
  for (let i = 0; i < 150; i++) client.receipt(`c${i}`, 'delivered')
  client.receipt('c0', 'displayed')
  client.receipt('c0', 'delivered')
  client.start()
  await open()
  welcome()
  const sent = sockets[0]!.sent.filter((frame) => frame['type'] === 'receipt') as unknown as { state: string; cursors: string[] }[]
  expect(sent.map((frame) => [frame.state, frame.cursors.length])).toEqual([['displayed', 1], ['delivered', 100], ['delivered', 49]])
})

test('foreign bytes harm nobody', async () => {
  const { client, open, welcome, say } = setUp()
  const frames: unknown[] = []
  client.on('frame', (frame) => frames.push(frame.type))
  client.start()
  await open()
  for (const data of ['', '{', 'null', '[]', '"x"', '{"type":7}', '1e999']) expect(read(data), data).toBeUndefined()
  expect(read(new ArrayBuffer(2))).toBeUndefined()
  welcome()
  say({ type: 'reply', id: 'never asked', ok: true })
  say({ type: 'from the future', x: 1 })
  expect(client.state.phase).toBe('catching_up')
  expect(frames).toEqual(['welcome', 'from the future'])
})

test('stop is silent, start goes on', async () => {
  const { client, sockets, open } = setUp()
  client.start()
  client.start()
  expect(sockets.length).toBe(1)
  await open()
  client.stop()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(sockets.length).toBe(1)
  expect(client.state.phase).toBe('idle')
  client.start()
  expect(sockets.length).toBe(2)
})

test('delays: full jitter under a ceiling that doubles to 20 s', () => {
  const range = (attempt: number) => [delay(attempt, () => 0), delay(attempt, () => 0.999999)]
  expect(range(0)).toEqual([300, 1500])
  expect(range(1)).toEqual([300, 3000])
  expect(range(3)).toEqual([300, 12_000])
  expect(range(9)).toEqual([300, 20_000])
  expect(delay(5000, () => 0.999999)).toBe(20_000)
  expect([slowDelay(() => 0), slowDelay(() => 0.999999)]).toEqual([30_000, 60_000])
})

test('the table of close codes', () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4408, 4500, 4599, 4999]) expect(closing(code).back, String(code)).toBe('jitter')
  for (const code of [4401, 4403, 4406]) expect(closing(code).back, String(code)).toBe('never')
  expect([4400, 4429, 4503].map((code) => closing(code).back)).toEqual(['fresh', 'slowly', 'as_told'])
})

test('typing is said at most every 3 s, its end once, and only where a conversation stands open', async () => {
  const { client, sockets, open, welcome } = setUp()
  client.start()
  client.typing('typing')
  await open()
  welcome()
  const said = () => sockets.at(-1)!.sent.splice(0).filter(({ type }) => type !== 'hello')
  said()
  client.typing('idle')
  expect(said()).toEqual([])
  for (let i = 0; i < 40; i++) {
    client.typing('typing')
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(said()).toEqual([{ type: 'typing', state: 'typing' }, { type: 'typing', state: 'typing' }])
  client.typing('idle')
  client.typing('idle')
  expect(said()).toEqual([{ type: 'typing', state: 'idle' }])
  client.typing('typing')
  expect(said()).toEqual([{ type: 'typing', state: 'typing' }])

  client.typing('typing', 'sara')
  expect(said()).toEqual([])
  client.open('sara')
  client.open('sara') // a second window on the same page
  client.typing('typing', 'sara')
  client.shut('sara')
  client.typing('idle', 'sara')
  client.shut('sara')
  client.typing('typing', 'sara')
  expect(said().map(({ type, conversation, state }) => [type, conversation, state])).toEqual([
    ['open', 'sara', undefined],
    ['typing', 'sara', 'typing'],
    ['typing', 'sara', 'idle'],
    ['shut', 'sara', undefined],
  ])
})

test('what stands open is opened again after a reconnect, what was shut is not', async () => {
  const { client, sockets, open, welcome } = setUp()
  client.open('early')
  client.start()
  await open()
  welcome()
  client.open('omar')
  client.open('sara')
  client.shut('omar')
  client.typing('typing', 'sara')
  sockets.at(-1)!.onclose?.({ code: 1012 })
  await vi.advanceTimersByTimeAsync(900)
  await open()
  welcome()
  client.typing('typing', 'sara') // nobody has heard it on this connection
  const frames = sockets.at(-1)!.sent.filter(({ type }) => type !== 'hello')
  expect(frames.map(({ type, conversation }) => [type, conversation])).toEqual([['open', 'early'], ['open', 'sara'], ['typing', 'sara']])
})

test('a beat is answered by the page as it comes, by no timer: timers of hidden pages run once a minute', async () => {
  const { client, sockets, open, welcome, say } = setUp()
  client.start()
  await open()
  welcome()
  say({ type: 'caught_up', cursor: 'a' })
  const answers = () => sockets[0]!.sent.filter((frame) => frame.type === 'beat').length
  for (let n = 1; n <= 3; n++) {
    say({ type: 'beat', now: '2026-11-21T09:00:20Z' })
    expect(answers()).toBe(n)
  }
  vi.clearAllTimers() // a page whose timers never run
  say({ type: 'beat', now: '2026-11-21T09:01:20Z' })
  expect(answers()).toBe(4)
})
