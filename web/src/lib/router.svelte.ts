/**
 * A small typed router over the history API. A pattern names its parts: `/test/:id` gives `{ id: string }`.
 * Plain links work: `start()` takes over clicks on same-origin links below the app's base.
 */
type Parts<P extends string> = P extends `${string}:${infer Name}/${infer Rest}` ? Name | Parts<Rest> : P extends `${string}:${infer Name}` ? Name : never

export type Match<R extends Record<string, string>> = { [N in keyof R & string]: { name: N; params: Record<Parts<R[N]>, string> } }[keyof R & string] | { name: undefined; params: Record<string, never> }

/** Finds the first pattern that a path fits. */
export function match<R extends Record<string, string>>(routes: R, path: string): Match<R> {
  const given = path.replace(/\/+$/, '').split('/')
  for (const [name, pattern] of Object.entries(routes)) {
    const wanted = pattern.replace(/\/+$/, '').split('/')
    if (wanted.length !== given.length) continue
    const params: Record<string, string> = {}
    const fits = wanted.every((part, i) => {
      if (!part.startsWith(':')) return part === given[i]
      try {
        params[part.slice(1)] = decodeURIComponent(given[i] ?? '')
      } catch {
        return false
      }
      return given[i] !== ''
    })
    if (fits) return { name, params } as Match<R>
  }
  return { name: undefined, params: {} }
}

/** The address of a route: `path(routes, 'test', { id })`. */
export function path<R extends Record<string, string>, N extends keyof R & string>(
  routes: R,
  name: N,
  ...params: [Parts<R[N]>] extends [never] ? [] : [params: Record<Parts<R[N]>, string>]
): string {
  const values = (params[0] ?? {}) as Record<string, string>
  return (routes[name] ?? '/').replace(/:(\w+)/g, (_, part: string) => encodeURIComponent(values[part] ?? '')) || '/'
}

export class Router<const R extends Record<string, string>> {
  readonly routes: R
  /** Links outside these prefixes are left to the browser. */
  readonly #mine: (path: string) => boolean
  #url = $state.raw(new URL(location.href))
  readonly #match: Match<R>

  constructor(routes: R, mine: (path: string) => boolean = () => true) {
    this.routes = routes
    this.#mine = mine
    this.#match = $derived(match(routes, this.#url.pathname))
  }

  get current(): Match<R> {
    return this.#match
  }

  get url(): URL {
    return this.#url
  }

  go(to: string, options: { replace?: boolean } = {}): void {
    const url = new URL(to, location.href)
    // Pages lead to pages of ours alone; a link elsewhere is the browser's business.
    if (url.origin !== location.origin) return
    if (!this.#mine(url.pathname)) return location.assign(url)
    if (url.href === location.href) options = { replace: true }
    const moved = url.pathname !== this.#url.pathname
    history[options.replace ? 'replaceState' : 'pushState'](null, '', url)
    this.#url = url
    if (moved) scrollTo(0, 0)
  }

  /** Changes the query of the current address without a new step in the history. Empty values are removed. */
  query(values: Record<string, string | readonly string[] | undefined>): void {
    const url = new URL(this.#url)
    for (const [name, value] of Object.entries(values)) {
      url.searchParams.delete(name)
      for (const one of Array.isArray(value) ? value : [value]) if (one) url.searchParams.append(name, one as string)
    }
    if (url.href !== this.#url.href) this.go(url.href, { replace: true })
  }

  /** Listens to Back, Forward and clicks on links. Returns how to stop. */
  start(): () => void {
    const moved = () => (this.#url = new URL(location.href))
    const clicked = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      const link = (event.target as Element | null)?.closest('a')
      if (!link?.href || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
      if (link.hash && link.pathname === location.pathname) return
      if (!this.#mine(link.pathname)) return
      event.preventDefault()
      this.go(link.href)
    }
    addEventListener('popstate', moved)
    document.addEventListener('click', clicked)
    return () => {
      removeEventListener('popstate', moved)
      document.removeEventListener('click', clicked)
    }
  }
}
