// My exports, live: asked for here, packed by the server, told by frames; a word at the foot of the page when one is ready.

import { t } from '../../i18n/staff'
import { connection } from '../../lib/connection.svelte'
import { save } from '../../files/save'
import { api } from '../../lib/session.svelte'
import type { Query } from '../../lib/api'
import type { ServerFrame } from '../../protocol/frames'
import type { Export } from '../../protocol/items'
import { toasts } from '../../ui'

/** A frame may be lost: while one is being packed it is asked for this often, in milliseconds. */
const askAgain = 5000

export const exportAddress = (id: string) => `/api/v1/exports/${encodeURIComponent(id)}/file`

export const underWay = (e: Export): boolean => e.state === 'waiting' || e.state === 'running'

export const expired = (e: Export, now: number): boolean => e.state === 'ready' && !!e.expires_at && Date.parse(e.expires_at) <= now

class Exports {
  list: readonly Export[] | undefined = $state.raw()
  failure: unknown = $state.raw()
  #told = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Hears of exports on every page. Made for $effect. */
  start(): () => void {
    const stop = connection.client.on('frame', (frame) => this.#frame(frame))
    return () => {
      stop()
      clearTimeout(this.#timer)
    }
  }

  get(id: string): Export | undefined {
    return this.list?.find((e) => e.id === id)
  }

  async read(): Promise<void> {
    try {
      const { exports } = await api.get<{ exports: Export[] }>('/exports')
      this.failure = undefined
      for (const one of exports) this.#tell(one)
      this.list = exports
    } catch (error) {
      this.failure = error
    }
    this.#follow()
  }

  /** Asks for one. Throws ApiError. */
  async ask(what: { people: readonly string[] } | { filter: Query }, transcript: boolean): Promise<Export> {
    const { export: made } = await api.post<{ export: Export }>('/exports', { ...what, transcript })
    // A small one may be ready, and its frames here, before this answer is.
    if (!this.get(made.id)) this.#put(made)
    this.#follow()
    return made
  }

  /** Cancels one that is being packed, deletes the file of one that is ready. Throws ApiError. */
  async remove(one: Export): Promise<void> {
    await api.delete(`/exports/${encodeURIComponent(one.id)}`)
    await this.read()
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'export') {
      this.#put(frame.export)
      this.#tell(frame.export)
    } else if (frame.type === 'welcome' && this.list?.some(underWay)) void this.read()
  }

  #put(one: Export): void {
    const had = this.list ?? []
    this.list = had.some((e) => e.id === one.id) ? had.map((e) => (e.id === one.id ? one : e)) : [one, ...had]
  }

  #follow(): void {
    clearTimeout(this.#timer)
    if (this.list?.some(underWay)) this.#timer = setTimeout(() => void this.read(), askAgain)
  }

  /** Once for each that ends while the page looks on. */
  #tell(one: Export): void {
    if (underWay(one)) {
      this.#told.add(one.id)
      return
    }
    if (!this.#told.delete(one.id)) return
    if (one.state === 'ready') toasts.show(t('exports.ready'), { tone: 'done', action: { label: t('exports.download'), run: () => save(exportAddress(one.id)) } })
    if (one.state === 'failed') toasts.show(t('exports.failedToast'), { tone: 'alarm' })
  }
}

export const exports = new Exports()
