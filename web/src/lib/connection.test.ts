import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const { session } = vi.hoisted(() => ({ session: { phase: 'in', load: async () => {}, ended() {} } }))
vi.mock('./session.svelte', () => ({ session }))

type Made = { readyState: number; onopen?: () => void; onmessage?: (event: { data: string }) => void; onclose?: (event: { code: number }) => void; send(): void; close(): void }
let sockets: Made[]
/** What the network does with a new socket. */
let way: (socket: Made) => void
const refuses = (socket: Made) => queueMicrotask(() => socket.onclose?.({ code: 1006 }))
const opens = (socket: Made) =>
  queueMicrotask(() => {
    socket.readyState = 1
    socket.onopen?.()
    socket.onmessage?.({ data: JSON.stringify({ type: 'welcome', v: 1, role: 'candidate', person: 'p', name: 'Sara', now: new Date().toISOString(), beat: 20 }) })
  })

let ApiError: (typeof import('./api'))['ApiError']
let connection: (typeof import('./connection.svelte'))['connection']

beforeEach(async () => {
  sockets = []
  session.load = async () => {}
  const target = { addEventListener() {}, removeEventListener() {} }
  vi.stubGlobal('location', { protocol: 'https:', host: 'exam.example' })
  vi.stubGlobal('window', target)
  vi.stubGlobal('document', { ...target, visibilityState: 'visible' })
  vi.stubGlobal('navigator', { onLine: true })
  vi.stubGlobal(
    'WebSocket',
    class {
      readyState = 0
      constructor() {
        sockets.push(this as unknown as Made)
        way(this as unknown as Made)
      }
      send() {}
      close() {}
    },
  )
  vi.resetModules()
  ;({ ApiError } = await import('./api'))
  ;({ connection } = await import('./connection.svelte'))
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1000)

test('where no socket opens but the server answers, the page asks about every ten seconds until one does', async () => {
  way = refuses
  const asked: number[] = []
  const stop = connection.onPoll(() => void asked.push(Date.now()))
  connection.start()
  await seconds(30)
  expect(connection.polling).toBe(true)
  await seconds(60)
  expect(asked.length).toBeGreaterThanOrEqual(5)
  for (let i = 1; i < asked.length; i++) {
    expect(asked[i]! - asked[i - 1]!).toBeGreaterThanOrEqual(8000)
    expect(asked[i]! - asked[i - 1]!).toBeLessThanOrEqual(12_000)
  }
  way = opens
  await seconds(25)
  expect([connection.polling, connection.state.phase]).toEqual([false, 'catching_up'])
  const before = asked.length
  await seconds(40)
  expect(asked.length).toBe(before)
  stop()
  connection.stop()
})

test('a proxy that swallows the upgrade is noticed; a server that is away is not taken for one', async () => {
  way = () => {} // neither opens nor fails
  connection.start()
  await seconds(7)
  expect(connection.polling).toBe(true)
  session.load = async () => {
    throw new ApiError({ code: 'network', message: 'away' })
  }
  connection.onPoll(() => session.load())
  await seconds(13)
  expect(connection.polling).toBe(false)
  way = refuses
  await seconds(60)
  expect(connection.polling).toBe(false)
  session.load = async () => {}
  await seconds(60)
  expect(connection.polling).toBe(true)
  connection.stop()
  expect(connection.polling).toBe(false)
})
