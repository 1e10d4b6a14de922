/**
 * The REST client: one function per verb, JSON in and out, and one error type that carries what the server said.
 * Knows addresses and errors, nothing about pages.
 */

export type Detail = { field: string; message: string }

export type Code =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'rate_limited'
  | 'unavailable'
  | 'internal'
  /** Ours: no answer came. */
  | 'network'

export class ApiError extends Error {
  readonly code: Code
  readonly status: number
  readonly field: string | undefined
  readonly limit: number | undefined
  readonly actual: number | undefined
  readonly details: readonly Detail[]
  /** The server cannot say whether it was done: repeat with the same key. */
  readonly outcomeUnknown: boolean
  /** Seconds to wait before trying again, if the server said so. */
  readonly retryAfter: number | undefined
  /** Names the request in the server's logs. */
  readonly request: string | undefined

  constructor(init: {
    code: Code
    message: string
    status?: number
    field?: string
    limit?: number
    actual?: number
    details?: readonly Detail[]
    outcome?: string
    retryAfter?: number
    request?: string
  }) {
    super(init.message)
    this.name = 'ApiError'
    this.code = init.code
    this.status = init.status ?? 0
    this.field = init.field
    this.limit = init.limit
    this.actual = init.actual
    this.details = init.details ?? []
    this.outcomeUnknown = init.outcome === 'unknown'
    this.retryAfter = init.retryAfter
    this.request = init.request
  }
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined | null>

/** `{q:'a', room:['A','B']}` → `?q=a&room=A&room=B`; empty, undefined and null are left out. */
export function query(values: Query): string {
  const out = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') out.append(name, String(one))
    }
  }
  const text = out.toString()
  return text ? '?' + text : ''
}

export type Options = {
  query?: Query
  signal?: AbortSignal
  /** Milliseconds until we give up waiting; 20 s unless told. */
  timeout?: number
  /** Sent even if the page goes away meanwhile. */
  keepalive?: boolean
  /** The page asks by itself: no use of the session. */
  unasked?: boolean
  /** Of a DELETE that says what. */
  body?: unknown
}

export type Api = ReturnType<typeof createApi>

const fallbackCode: Record<number, Code> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  413: 'too_large',
  422: 'invalid',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

async function failure(answer: Response): Promise<ApiError> {
  const retry = Number(answer.headers.get('Retry-After') ?? NaN)
  const base = {
    status: answer.status,
    retryAfter: Number.isFinite(retry) ? retry : undefined,
    request: answer.headers.get('X-Request-Id') ?? undefined,
  }
  const body = (await answer.json().catch(() => undefined)) as { error?: ConstructorParameters<typeof ApiError>[0] } | undefined
  if (body?.error?.code) return new ApiError({ ...body.error, ...base })
  return new ApiError({ ...base, code: fallbackCode[answer.status] ?? 'internal', message: answer.statusText || `HTTP ${answer.status}` })
}

/** Makes a client. `onUnauthenticated` is called once per refused request, for pages to say that the session is over. */
export function createApi(options: { base?: string; fetch?: typeof fetch; onUnauthenticated?: (error: ApiError) => void } = {}) {
  const base = options.base ?? '/api/v1'
  const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))

  async function call<T>(method: string, path: string, body: unknown, request: Options = {}): Promise<T> {
    const raw = body instanceof Blob ? body : undefined // a file goes as it is
    const timeout = AbortSignal.timeout(request.timeout ?? 20_000)
    let answer: Response
    try {
      answer = await send(base + path + query(request.query ?? {}), {
        method,
        credentials: 'same-origin',
        headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': raw?.type ?? 'application/json' }), ...(request.unasked ? { 'Crier-Unasked': '1' } : {}) },
        body: body === undefined ? undefined : (raw ?? JSON.stringify(body)),
        keepalive: request.keepalive,
        signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
      })
      if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T
    } catch (cause) {
      if (request.signal?.aborted) throw cause
      // A lost answer to a change may have been a success: only repeating with the same key can tell.
      throw new ApiError({ code: 'network', message: String(cause), outcome: method === 'GET' ? undefined : 'unknown' })
    }
    const error = await failure(answer)
    if (error.code === 'unauthenticated') options.onUnauthenticated?.(error)
    throw error
  }

  return {
    get: <T>(path: string, request?: Options) => call<T>('GET', path, undefined, request),
    post: <T>(path: string, body?: unknown, request?: Options) => call<T>('POST', path, body, request),
    patch: <T>(path: string, body: unknown, request?: Options) => call<T>('PATCH', path, body, request),
    put: <T>(path: string, body: unknown, request?: Options) => call<T>('PUT', path, body, request),
    delete: <T = void>(path: string, request?: Options) => call<T>('DELETE', path, request?.body, request),
  }
}
