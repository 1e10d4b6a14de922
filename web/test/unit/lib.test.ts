import { describe, expect, test, vi } from 'vitest'
import { ApiError, createApi, query } from '../../src/lib/api'
import { explain } from '../../src/lib/errors'
import { match, path } from '../../src/lib/router.svelte'

describe('router', () => {
  const routes = { home: '/', test: '/test/:id', board: '/staff/tests/:test/board/:id' } as const
  test.each([
    ['/', { name: 'home', params: {} }],
    ['/test/a%2Fb', { name: 'test', params: { id: 'a/b' } }],
    ['/test/a/', { name: 'test', params: { id: 'a' } }],
    ['/test/', { name: undefined, params: {} }],
    ['/test/%E0%A4%A', { name: undefined, params: {} }],
    ['/staff/tests/x/board/y', { name: 'board', params: { test: 'x', id: 'y' } }],
    ['/nothing', { name: undefined, params: {} }],
  ])('%s', (address, want) => expect(match(routes, address)).toEqual(want))
  test('there and back', () => {
    expect(path(routes, 'home')).toBe('/')
    expect(match(routes, path(routes, 'test', { id: 'a/ü?' }))).toEqual({ name: 'test', params: { id: 'a/ü?' } })
  })
})

describe('api', () => {
  const answering = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    vi.fn(async (..._: Parameters<typeof fetch>) => new Response(status === 204 ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers }))

  test('queries: lists repeat, nothing is left out silently but emptiness', () => {
    expect(query({ q: 'a b', room: ['A', 'B'], seat: undefined, tag: '', extra: false, limit: 0 })).toBe('?q=a+b&room=A&room=B&extra=false&limit=0')
    expect(query({})).toBe('')
  })
  test('sends JSON and returns what came', async () => {
    const fetch = answering(200, { a: 1 })
    expect(await createApi({ fetch }).post('/x', { b: 2 })).toEqual({ a: 1 })
    expect(fetch.mock.calls[0]).toMatchObject(['/api/v1/x', { method: 'POST', body: '{"b":2}', credentials: 'same-origin' }])
  })
  test('204 is nothing', async () => expect(await createApi({ fetch: answering(204, '') }).delete('/x')).toBeUndefined())
  test('an error carries everything the server said', async () => {
    const fetch = answering(
      413,
      { error: { code: 'too_large', message: '1501 recipients; at most 1500', field: 'recipients', limit: 1500, actual: 1501, details: [{ field: 'a', message: 'b' }] } },
      { 'X-Request-Id': 'r1', 'Retry-After': '7' },
    )
    await expect(createApi({ fetch }).post('/x')).rejects.toMatchObject({
      code: 'too_large', status: 413, field: 'recipients', limit: 1500, actual: 1501, request: 'r1', retryAfter: 7, details: [{ field: 'a', message: 'b' }], outcomeUnknown: false,
    })
  })
  test.each([[502, 'unavailable'], [401, 'unauthenticated'], [500, 'internal'], [404, 'not_found']])('a proxy’s %i without JSON is %s', async (status, code) => {
    await expect(createApi({ fetch: answering(status, '<html>') }).get('/x')).rejects.toMatchObject({ code, status })
  })
  test('no answer: a change may have been made, a read may not', async () => {
    const fetch = vi.fn(async () => Promise.reject(new TypeError('failed')))
    await expect(createApi({ fetch }).post('/x')).rejects.toMatchObject({ code: 'network', outcomeUnknown: true })
    await expect(createApi({ fetch }).get('/x')).rejects.toMatchObject({ code: 'network', outcomeUnknown: false })
  })
  test('an aborted request is aborted, not a lost network', async () => {
    const stop = new AbortController()
    stop.abort()
    const fetch = vi.fn(async (_: unknown, init?: RequestInit) => Promise.reject(init?.signal?.reason))
    await expect(createApi({ fetch: fetch as never }).get('/x', { signal: stop.signal })).rejects.not.toBeInstanceOf(ApiError)
  })
  test('says when nobody is signed in', async () => {
    const over = vi.fn()
    await expect(createApi({ fetch: answering(401, {}), onUnauthenticated: over }).get('/x')).rejects.toThrow()
    expect(over).toHaveBeenCalledOnce()
  })
})

test('failures in words: what happened, what was kept, what to do', () => {
  expect(explain(new ApiError({ code: 'unavailable', message: '', outcome: 'unknown' }))).toContain('nothing will be done twice')
  expect(explain(new ApiError({ code: 'unavailable', message: '', retryAfter: 1 }))).toContain('in 1 second.')
  expect(explain(new ApiError({ code: 'invalid', message: 'subject must not be empty' }))).toBe('subject must not be empty')
  expect(explain(new ApiError({ code: 'internal', message: 'secret', request: 'r9' }))).toMatch(/r9/)
  expect(explain(new ApiError({ code: 'internal', message: 'secret' }))).not.toContain('secret')
  expect(explain(new Error('secret'))).not.toContain('secret')
})
