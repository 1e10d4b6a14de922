// What is being written in one conversation: the draft with its files, what is wrong
// with it, and its sending. No element of the page is known here.

import { untrack } from 'svelte'
import { choose, pastedName } from '../../files/limits'
import { Uploads } from '../../files/uploads.svelte'
import { leftOut } from '../../files/words'
import { t } from '../../i18n/staff'
import { connection } from '../../lib/connection.svelte'
import { session } from '../../lib/session.svelte'
import { local } from '../../lib/storage'
import { toasts } from '../../ui'
import { available } from '../deliveries/available.svelte'
import type { Copied } from '../deliveries/types'
import { characters } from '../send/draft'
import { uploadRoute } from './api'
import { filled } from './canned'
import type { LiveConversation } from './conversation.svelte'
import { blank, type Draft, load, save } from './draft'
import { mentioned } from './mentions'
import type { Outgoing } from './outgoing.svelte'
import { type Fault, faults } from './rules'
import { answerGroup } from './timeline'
import type { Canned, Group } from './types'

/** By its person: what stands in a composer on this page, and what was left with files still on their way. */
const current = new Map<string, Writing>()

/** What is written in this conversation: the same in every composer of the page, as it was left a moment ago, else as it was kept. */
export function writingIn(live: LiveConversation, noteOnly: () => boolean): Writing {
  return untrack(() => {
    const writing = current.get(live.person) ?? new Writing(live, noteOnly)
    current.set(live.person, writing)
    writing.enter(live, noteOnly)
    return writing
  })
}

type Told = { group: string; channels: Copied[]; seen?: string }

export class Writing {
  /** The conversation as the composer that came last shows it. */
  live: LiveConversation = $state.raw()!
  /** The composers. */
  #at: { live: LiveConversation; noteOnly: () => boolean }[] = []
  readonly uploads: Uploads
  readonly subjectNeeded = session.me?.organisation.chat_subject ?? false
  draft: Draft = $state.raw(blank())
  /** Somebody has tried to send it: only then what is missing is named. */
  tried = $state(false)
  /** It goes as soon as its files are there, unless it is changed. */
  waits = $state(false)
  #noteOnly: () => boolean

  /** noteOnly: nothing can be sent to the candidate. */
  constructor(live: LiveConversation, noteOnly: () => boolean) {
    this.live = live
    this.#noteOnly = noteOnly
    this.draft = load(local, live.person)
    this.uploads = new Uploads(uploadRoute(live.person), this.draft.files, () => this.keep({ files: this.uploads.ready }))
  }

  get name(): string {
    return this.live.row?.person.name ?? ''
  }

  get groups(): readonly Group[] {
    return this.live.row?.groups.filter((g) => g.state !== 'left') ?? []
  }

  /** What the message belongs to: as chosen, else as the history suggests. '': no group. */
  get group(): string {
    const group = this.draft.group ?? answerGroup(this.live.items, this.groups) ?? ''
    // Who sees nothing of no group writes nothing of no group.
    return group || session.can('contact.view') ? group : (this.groups[0]?.id ?? '')
  }

  /** Copies that go with it: as chosen, else as the last time here, else as the organisation says; only what the server has. */
  get channels(): readonly Copied[] {
    const chosen = this.draft.channels ?? this.live.row?.channels ?? session.me?.organisation.default_channels ?? []
    return available.list.filter((c) => chosen.includes(c))
  }

  get noting(): boolean {
    return this.#noteOnly() || this.draft.noting
  }

  get text(): string {
    return this.noting ? this.draft.note : this.draft.body
  }

  get used(): number {
    return characters(this.text)
  }

  get faults(): Fault[] {
    const { uploads } = this
    return faults({ subject: this.draft.subject, body: this.text, files: uploads.count('ready'), uploading: uploads.count('uploading'), broken: uploads.count('failed'), note: this.noting, subjectNeeded: this.subjectNeeded })
  }

  /** What is wrong, in words: too long at once, missing after a try. */
  get words(): string {
    const wrong = this.faults
    const long = wrong.find((f) => f.why === 'long')
    if (long && long.field !== 'files') return t(`compose.long.${long.field}`, { count: long.over ?? 0 })
    if (!this.tried || !wrong[0] || this.waits) return ''
    const missing = wrong.filter((f) => f.why === 'missing').map((f) => f.field)
    if (missing.length > 1) return t('compose.missing.both')
    if (missing[0] && missing[0] !== 'files') return t(`compose.missing.${missing[0]}`)
    return wrong[0].why === 'broken' ? t('compose.brokenFile') : ''
  }

  keep(change: Partial<Draft>): void {
    this.draft = { ...this.draft, ...change }
    save(local, this.live.person, this.draft)
  }

  /** Something is another now: that it was to be sent before no longer counts. */
  change(change: Partial<Draft>): void {
    this.tried = this.waits = false
    this.keep(change)
  }

  wrote(text: string): void {
    this.change(this.noting ? { note: text } : { body: text })
    if (!this.noting) this.typing(text !== '')
  }

  /** Tells the others whether one is at it. */
  typing(on: boolean): void {
    connection.client.typing(on ? 'typing' : 'idle', this.live.person)
  }

  setNoting(on: boolean): void {
    this.change({ noting: on })
    if (on) this.typing(false)
  }

  /** A canned reply's text for this conversation. Its subject fills an empty one. */
  canned(one: Canned): string {
    const person = this.live.row?.person
    const values = {
      first_name: person?.given_name ?? '',
      last_name: person?.family_name ?? '',
      name: this.name,
      group: this.groups.find((g) => g.id === this.group)?.name ?? '',
      sender: session.me?.name ?? '',
    }
    if (one.subject && this.subjectNeeded && !this.draft.subject) this.keep({ subject: filled(one.subject, values) })
    return filled(one.body, values)
  }

  /** Takes files that were chosen, dropped or pasted, and says which it does not take. */
  attach(given: readonly File[], pasted: boolean): void {
    if (this.noting) return void toasts.show(t('upload.noteHint'))
    const choice = choose(given, this.uploads.list.length)
    for (const why of leftOut(choice)) toasts.show(why, { tone: 'alarm' })
    this.uploads.add(choice.take.map((file) => ({ file, name: pasted ? pastedName(file, new Date()) : file.name })))
  }

  /** Puts something that did not go back to be edited, after what is being written now. live: where it stands. */
  restore(one: Outgoing, live: LiveConversation): void {
    const join = (before: string, after: string | undefined) => [before, after].filter(Boolean).join('\n')
    live.outbox.drop(one.key)
    if (one.kind === 'note') this.change({ noting: true, note: join(this.draft.note, one.message.body) })
    else this.change({ noting: false, body: join(this.draft.body, one.message.body), subject: this.draft.subject || (one.message.subject ?? '') })
    this.uploads.restore(one.attachments)
  }

  /** Sends it, or has it wait for its files. live: what one looks at. Returns what keeps it from going, the first fault first. */
  submit(live: LiveConversation): Fault | undefined {
    if (this.waits) return undefined
    const wrong = this.faults[0]
    this.tried = wrong !== undefined
    const { group } = this
    const told = { group, channels: [...this.channels], seen: live.items.at(-1)?.id }
    if (wrong?.why === 'uploading') return void this.#whenThere(live, told) // nothing else is wrong
    if (wrong) return wrong
    this.#send(live, told)
    return undefined
  }

  /** `told`: what one saw when one said that it should go. */
  #send(live: LiveConversation, { group, channels, seen }: Told): void {
    const { draft } = this
    if (this.noting) {
      live.send('note', { ...(group ? { group } : {}), body: draft.note, mentions: mentioned(draft.note, draft.mentions).map((m) => m.id) })
      this.keep({ note: '', mentions: [], noting: false })
      return
    }
    const attached = this.uploads.ready
    live.send(
      'message',
      {
        body: draft.body,
        ...(this.subjectNeeded ? { subject: draft.subject.trim() } : {}),
        ...(seen ? { seen } : {}),
        ...(group ? { group } : {}),
        ...(attached.length ? { attachments: attached.map((f) => f.id) } : {}),
        // Nothing said: what was chosen stays chosen.
        ...(channels.length || this.draft.channels || this.live.row?.channels?.length ? { channels } : {}),
      },
      attached,
    )
    this.typing(false)
    this.uploads.clear()
    this.keep({ ...blank(), note: draft.note, mentions: draft.mentions })
  }

  async #whenThere(live: LiveConversation, told: Told): Promise<void> {
    this.waits = true
    const there = await this.uploads.settled()
    if (!this.waits) return
    this.waits = false
    // Where one has come back to: there it is shown, also if it fails.
    if (there && !this.faults.length) this.#send(this.#at.some((one) => one.live === live) ? live : this.live, told)
    else if (!this.#at.length) toasts.show(t('compose.notSent', { name: this.name }), { tone: 'alarm' })
    else this.tried = true
  }

  /** A composer shows it. */
  enter(live: LiveConversation, noteOnly: () => boolean): void {
    this.#at.push({ live, noteOnly })
    this.#face()
  }

  /** A composer has gone. What was to go as soon as its files are there still does. */
  leave(live: LiveConversation): void {
    this.#at = this.#at.filter((one) => one.live !== live)
    if (this.#at.length) return this.#face()
    this.typing(false)
    void this.uploads.settled().then(() => {
      if (!this.#at.length && current.get(live.person) === this) current.delete(live.person)
    })
  }

  #face(): void {
    const last = this.#at.at(-1)!
    this.live = last.live
    this.#noteOnly = last.noteOnly
  }
}
