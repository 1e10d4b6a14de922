import { ApiError } from '../../lib/api'
import { api, session } from '../../lib/session.svelte'
import { tab } from '../../lib/storage'
import { Uploads } from '../../files/uploads.svelte'
import { t } from '../../i18n/staff'
import type { Copied } from '../deliveries/types'
import type { Broadcast } from '../types'
import { characters, type Draft, type Fault, faults, forget, fresh, limits, load, mark, newKey, save } from './draft'
import { type Phase, Sending } from './sending'
import type { LeftOut, Reach } from './types'

export type Sent = Broadcast & { left_out?: LeftOut[] }

/** What a sending is to, and what becomes of it. */
export type About = {
  /** What its draft is kept under in the tab. */
  place: string
  /** The API's sendings that it becomes one of. */
  route: string
  /** The group it belongs to, where the route does not say it. */
  group?: string
  /** The route that takes its files; absent: it carries none. */
  files?: string
  recipients: { people: readonly string[] } | { filter: object }
  /** Copies that are ticked to begin with. */
  copies?: readonly Copied[]
  /** The server's answer on who would get it, as it is shown. */
  reach?: (answer: never) => Reach
  /** Whom the request names, of those who were shown. */
  named: (reach: Reach) => string[]
  /** More than one sending may reach, in words. */
  many: (total: number, limit: number) => string
  /** It was sent; mine: and is still what the page shows. */
  sent: (broadcast: Sent, mine: boolean) => void
}

/** Which composition is a place's own: one that was left and came to its end late does not touch what is written there since. */
const latest = new Map<string, Composition>()

/**
 * One message to many being written: what it says, who gets it, what keeps it from being sent, and its sending. What is
 * written is kept in the tab with its key until it is sent: leaving asks nothing and loses nothing. While an answer is
 * outstanding the text cannot change, so that every repeat is the same request.
 */
export class Composition {
  #about: About
  #sending: Sending<Sent> = new Sending<Sent>(() => {})
  #left = false
  #looking = 0

  draft: Draft = $state.raw(fresh())
  /** It was written before, and not sent. */
  restored = $state(false)
  /** Who gets it. Undefined while that is being found out, or failed. */
  reach: Reach | undefined = $state.raw()
  failure: unknown = $state.raw()
  uploads: Uploads = $state.raw(new Uploads('', [], () => {}))
  /** Somebody tried to send it: what is missing is said. */
  tried = $state(false)
  /** It goes as soon as its files are there, unless it is changed. */
  waits = $state(false)
  phase: Phase<Sent> = $state.raw({ name: 'idle' })
  /** It was refused because some could not be reached: those who can. */
  others: readonly string[] = $state.raw([])
  /** Somebody wants it sent as several, where one may not reach them all. */
  split = $state(false)

  readonly subjectRequired = $derived(session.me?.organisation.subject_required ?? true)
  readonly busy = $derived(this.phase.name === 'sending' || this.phase.name === 'waiting')
  /** It may have been sent: only the same request again can tell. */
  readonly uncertain = $derived(this.draft.asked !== undefined && !this.busy)
  readonly locked = $derived(this.busy || this.draft.asked !== undefined)
  readonly total = $derived(this.reach?.counts.total ?? 0)
  readonly faults: Fault[] = $derived(
    faults(this.draft, {
      recipients: this.reach?.counts.total,
      most: (this.reach?.limit ?? 0) * (this.split ? (this.reach?.max_parts ?? 1) : 1),
      subjectRequired: this.subjectRequired,
      failed: this.uploads.count('failed'),
      uploading: this.uploads.count('uploading'),
    }),
  )
  /** Too many for one sending, in words. */
  readonly many = $derived.by(() => (this.reach && this.total > this.reach.limit ? this.#about.many(this.total, this.reach.limit) : undefined))
  /** How many sendings it would take, where they are not too many; else 1. */
  readonly parts = $derived(this.reach && this.reach.parts <= this.reach.max_parts ? this.reach.parts : 1)
  /** What is wrong, in words, beside the button. */
  readonly fault = $derived((this.split && this.parts > 1 ? undefined : this.many) ?? (this.tried && !this.draft.asked ? this.#words(this.faults.find((f) => f.why !== 'uploading')) : undefined))

  constructor(about: About) {
    this.#about = about
    latest.set(about.place, this)
    const kept = load(tab, about.place)
    // What was ticked for others is not ticked for these; a request that may have been sent stays as it is.
    this.draft = kept ? (kept.asked || kept.to === mark(about.recipients) ? kept : { ...kept, channels: about.copies ?? [] }) : fresh(about.copies)
    this.restored = kept !== undefined
    this.uploads = this.#holding(this.draft.attachments)
    this.#sending = this.#make(this.draft.asked !== undefined)
    void this.look()
  }

  /** Whether who gets it can be asked anew. */
  get mayLookAgain(): boolean {
    return 'filter' in this.#about.recipients && !this.locked
  }

  /** What is wrong with a field, at the field: too long is said while writing, missing only after a try. */
  at(field: 'subject' | 'body'): string | undefined {
    if (this.phase.name === 'refused' && this.phase.error instanceof ApiError && this.phase.error.field === field) return this.phase.error.message
    const fault = this.faults.find((f) => f.field === field)
    return fault && (this.tried || fault.why !== 'missing') ? this.#words(fault) : undefined
  }

  write(change: { subject?: string; body?: string }): void {
    this.waits = false
    this.others = []
    this.#keep(change)
  }

  choose(channels: readonly Copied[]): void {
    this.#keep({ channels, to: mark(this.#about.recipients) })
    void this.look(true)
  }

  /** Asks who gets it, and fixes that list. same: the list stays in view meanwhile. */
  async look(same = false): Promise<void> {
    const mine = ++this.#looking
    const { route, group, recipients, reach } = this.#about
    this.waits = false
    if (!same) this.reach = undefined
    this.failure = undefined
    const { asked, channels } = this.draft
    try {
      const answer = await api.post<never>(route + '/preview', { ...(group ? { group } : {}), recipients: asked ? { people: asked } : recipients, ...(channels.length ? { channels } : {}) })
      if (mine === this.#looking) this.reach = reach ? reach(answer) : answer
    } catch (error) {
      if (mine === this.#looking) this.failure = error
    }
  }

  /** Who gets it may have changed: the list in view is read again, unless it has been asked for. */
  async follow(): Promise<void> {
    if (this.locked || !this.reach) return
    const mine = ++this.#looking
    const { route, group, recipients, reach } = this.#about
    const { channels } = this.draft
    try {
      const answer = await api.post<never>(route + '/preview', { ...(group ? { group } : {}), recipients, ...(channels.length ? { channels } : {}) }, { unasked: true })
      if (mine === this.#looking && !this.locked) this.reach = reach ? reach(answer) : answer
    } catch {
      // The list stays as it is; the next change, or the sending itself, tells.
    }
  }

  /** Sends it, or names the field that keeps it from being sent. Files that are on their way it waits for, and goes then by itself. */
  submit(): Fault['field'] | undefined {
    if (this.busy || this.waits || (!this.reach && !this.draft.asked)) return undefined
    this.tried = true
    this.others = []
    if (!this.draft.asked) {
      const first = this.faults[0]
      if (first) {
        if (first.why === 'uploading') void this.#whenThere()
        return first.field
      }
      // From here on every try is this request, to the letter.
      const parts = this.split && this.parts > 1 ? this.parts : undefined
      this.#keep({ asked: this.#about.named(this.reach!), subject: this.draft.subject.trim(), parts })
      this.#sending = this.#make(false)
    }
    this.#start()
    return undefined
  }

  #start(): void {
    const { route, group } = this.#about
    const { key, subject, body, attachments, channels, asked, leaveOut, parts } = this.draft
    this.#sending.start(async () => {
      const answer = await api.post<{ broadcast: Sent }>(route, {
        key,
        ...(group ? { group } : {}),
        subject,
        body,
        ...(attachments.length ? { attachments: attachments.map((a) => a.id) } : {}),
        ...(channels.length ? { channels } : {}),
        recipients: { people: asked },
        ...(leaveOut ? { leave_out: true } : {}),
        ...(parts ? { parts } : {}),
      })
      return answer.broadcast
    })
  }

  /** Does not wait any longer for the next try. */
  now(): void {
    this.#sending.now()
  }

  /** No more tries. */
  stop(): void {
    this.#sending.stop()
  }

  /** Sends it to the others, where some could not be reached. */
  sendOthers(): void {
    if (this.busy || !this.others.length) return
    this.#keep({ asked: this.others, leaveOut: true })
    this.#sending = this.#make(false)
    this.others = []
    this.#start()
  }

  /** Throws away what is written, and starts anew. */
  discard(): void {
    this.uploads.stop()
    this.draft = fresh(this.#about.copies)
    this.uploads = this.#holding([])
    forget(tab, this.#about.place)
    this.restored = this.tried = this.waits = false
    this.phase = { name: 'idle' }
    this.#sending = this.#make(false)
    void this.look()
  }

  /** The page shows it no longer. A try that is on its way may still end well, and says so. */
  leave(): void {
    this.#left = true
    this.waits = false
    this.#sending.stop()
    this.uploads.stop()
  }

  #make(unknown: boolean): Sending<Sent> {
    const { key } = this.draft
    const { place, sent } = this.#about
    const mine = new Sending<Sent>((next) => {
      if (next.name === 'sent') {
        if (load(tab, place)?.key === key) forget(tab, place)
        sent(next.result, mine === this.#sending && !this.#left)
      }
      if (mine !== this.#sending) return
      this.phase = next
      // The server said no: nothing was sent, and the text may change again. A key that stands for another text cannot be used again.
      if (next.name === 'refused') this.others = this.#others(next.error)
      if (next.name === 'refused') this.#keep({ asked: undefined, leaveOut: undefined, ...(next.error instanceof ApiError && next.error.code === 'conflict' ? { key: newKey() } : {}) })
      if (next.name === 'idle' && !mine.uncertain) this.#keep({ asked: undefined, leaveOut: undefined })
    }, unknown)
    return mine
  }

  /** Whom a refused request could reach: all whom the refusal does not name. */
  #others(error: unknown): readonly string[] {
    const { asked } = this.draft
    if (!asked || !(error instanceof ApiError) || error.field !== 'recipients') return []
    const named = new Set(error.details.map((d) => /^recipients\.people\[(\d+)\]$/.exec(d.field)?.[1]))
    return named.size && !named.has(undefined) ? asked.filter((_, i) => !named.has(String(i))) : []
  }

  #keep(change: Partial<Draft>): void {
    const { place } = this.#about
    this.draft = { ...this.draft, ...change }
    if (latest.get(place) === this) save(tab, place, this.draft)
  }

  #holding(kept: Draft['attachments']): Uploads {
    const mine = new Uploads(this.#about.files ?? '', kept, () => this.#keep({ attachments: mine.ready }))
    return mine
  }

  async #whenThere(): Promise<void> {
    const mine = this.uploads
    this.waits = true
    const there = await mine.settled()
    if (!this.waits || mine !== this.uploads) return
    this.waits = false
    if (there) this.submit()
  }

  #words(fault: Fault | undefined): string | undefined {
    switch (fault?.why) {
      case 'missing':
        return t(`send.missing.${fault.field}`)
      case 'long':
        return t(`send.long.${fault.field}`, { count: characters(this.draft[fault.field]) - limits[fault.field] })
      case 'failed':
        return t('compose.brokenFile')
      case 'many':
        return this.many
    }
    return undefined
  }
}
