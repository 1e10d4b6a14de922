import { untrack } from 'svelte'
import { Uploads } from '../files/uploads.svelte'
import { explain } from '../lib/errors'
import { ApiError } from '../lib/api'
import { newKey } from '../lib/key'
import { api } from '../lib/session.svelte'
import { local } from '../lib/storage'
import type { InboxMessage } from '../lib/types'
import type { Attachment } from '../protocol/frames'
import { blank } from '../lib/visible'

/** Characters of a message (internal/api/README.md). */
export const most = 4000

type Kept = { body?: string; subject?: string; files?: Attachment[]; key?: string }

const latest = new Map<string, Writing>()

/** What is written at a place: the same as before while its files or it itself are on their way, else as it was kept. */
export function writingAt(place: string): Writing {
  return untrack(() => {
    const name = nameOf(place)
    const before = latest.get(name)
    if (before?.goes) return before
    const made = new Writing(place)
    latest.set(name, made)
    return made
  })
}

const nameOf = (place: string) => `reply.${place}`

/**
 * What a candidate writes in one place and has not sent yet: kept in this browser, so that a reload loses nothing, and sent under one key
 * until the server says yes or no, so that trying again never sends twice.
 */
export class Writing {
  body = $state('')
  subject = $state('')
  phase: 'writing' | 'sending' | 'failed' = $state('writing')
  error = $state('')
  readonly uploads: Uploads
  readonly left = $derived(most - [...this.body].length)
  #name: string
  #key: string | undefined
  #sent: string | undefined

  /** `place`: a group's id, '' for none, or what else tells drafts apart. */
  constructor(place: string) {
    this.#name = nameOf(place)
    let kept: Kept = {}
    try {
      kept = (JSON.parse(local.getItem(this.#name) ?? '{}') as Kept | null) ?? {}
    } catch {
      // not ours
    }
    this.body = kept.body ?? ''
    this.subject = kept.subject ?? ''
    this.#key = kept.key
    this.#sent = kept.key === undefined ? undefined : this.#content(kept.files ?? [])
    this.uploads = new Uploads('/inbox/attachments', kept.files ?? [], () => this.keep())
  }

  /** Something of it is on its way to the server. */
  get goes(): boolean {
    return this.phase === 'sending' || this.uploads.count('uploading') > 0
  }

  get empty(): boolean {
    return blank(this.body) && this.uploads.list.length === 0
  }

  get ready(): boolean {
    return !this.empty && this.left >= 0 && this.phase !== 'sending' && this.uploads.count('uploading') === 0 && this.uploads.count('failed') === 0
  }

  keep(): void {
    const files = this.uploads?.ready ?? []
    try {
      if (!this.body && !this.subject && !files.length) local.removeItem(this.#name)
      else local.setItem(this.#name, JSON.stringify({ body: this.body, subject: this.subject, files, key: this.#key } satisfies Kept))
    } catch {
      // storage is forbidden: it is still on the page
    }
  }

  /** Sends to a route; what else the route takes comes along. Undefined: it was not sent, `error` says why. */
  async send(route: string, more: Record<string, unknown>): Promise<InboxMessage | undefined> {
    const files = this.uploads.ready
    const content = this.#content(files)
    // Another text is another message: only the same one goes under the same key.
    if (!this.#key || this.#sent !== content) this.#key = newKey()
    this.#sent = content
    this.keep()
    this.phase = 'sending'
    this.error = ''
    try {
      const body = { key: this.#key, body: this.body, ...(!blank(this.subject) ? { subject: this.subject } : {}), ...(files.length ? { attachments: files.map((f) => f.id) } : {}), ...more }
      const { message } = await api.post<{ message: InboxMessage }>(route, body)
      this.phase = 'writing'
      this.body = this.subject = ''
      this.#key = this.#sent = undefined
      this.uploads.clear()
      this.keep()
      return message
    } catch (error) {
      this.phase = 'failed'
      this.error = error instanceof ApiError && error.code === 'conflict' && error.message ? error.message : explain(error)
      return undefined
    }
  }

  #content(files: readonly Attachment[]): string {
    return JSON.stringify([this.subject, this.body, files.map((f) => f.id)])
  }
}
