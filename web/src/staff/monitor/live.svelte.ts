// One test, live: the roster (roster.ts), the test's own facts and its latest
// sendings, as reactive state. Order of events: watch first, then read, so that
// nothing falls between the two.

import { untrack } from 'svelte'

import { connection } from '../../lib/connection.svelte'
import { ApiError } from '../../lib/api'
import { api } from '../../lib/session.svelte'
import type { ServerFrame } from '../../protocol/frames'
import type { Broadcast, Candidate, TestDetail } from '../types'
import { Roster } from './roster'
import { Slowly } from '../lists/slowly'

/** Frames of one moment become one change of the page. */
const together = 40
/** How long a changed row stays marked; a little longer than the animation. */
const marked = 1700
const shownSendings = 20

export class LiveTest {
  readonly id: string
  test: TestDetail | undefined = $state.raw()
  candidates: readonly Candidate[] = $state.raw([])
  ready = $state(false)
  /** Why the first reading failed; a later one leaves what is shown and sets `stale`. */
  failure: unknown = $state.raw()
  stale = $state(false)
  /** The right to see the test has ended while it was shown: nothing of it is left here. */
  lost = $state(false)
  /** Nodes that this one cannot hear: who is connected there is unknown. */
  unknownNodes = $state(0)
  /** Candidates whose row has just changed. */
  marks: ReadonlySet<string> = $state.raw(new Set())
  sendings: readonly Broadcast[] | undefined = $state.raw()
  moreSendings = $state('')

  #roster = new Roster()
  #publishing: ReturnType<typeof setTimeout> | undefined
  #fresh = new Set<string>()
  #unmark = new Set<ReturnType<typeof setTimeout>>()
  #stops: (() => void)[] = []
  #list = new Slowly(() => this.#readList(), 1000)
  #facts = new Slowly(() => this.#readFacts(), 1000)
  #counts = new Slowly(() => this.#readList(), 4000)
  #sent = new Slowly(() => this.#readSendings(), 1000)

  constructor(id: string) {
    this.id = id
  }

  /** Watches and reads until the returned function is called. */
  start(): () => void {
    const { client } = connection
    this.#stops = [
      connection.watch(this.id),
      client.on('frame', (frame) => this.#frame(frame)),
      client.on('reread', () => this.refresh()),
      () => clearTimeout(this.#publishing),
      () => this.#unmark.forEach(clearTimeout),
      () => [this.#list, this.#facts, this.#counts, this.#sent].forEach((s) => s.stop()),
    ]
    // Asked once, not followed: the frames tell when the socket comes and goes.
    if (untrack(() => connection.state.phase) === 'up_to_date') void this.#watchThenRead()
    else this.refresh() // the page is useful before the socket is; it is read again when the socket comes
    return () => {
      for (const stop of this.#stops.splice(0)) stop()
    }
  }

  get(id: string): Candidate | undefined {
    return this.#roster.get(id)
  }

  refresh(): void {
    this.#list.now()
    this.#sent.now()
  }

  /** Puts a sending of ours on top before the server tells us of it. */
  sent(broadcast: Broadcast): void {
    if (this.sendings?.some((b) => b.id === broadcast.id)) return
    this.sendings = [broadcast, ...(this.sendings ?? [])]
  }

  async olderSendings(): Promise<void> {
    if (!this.moreSendings) return
    const page = await api.get<{ broadcasts: Broadcast[]; next: string }>(`/tests/${this.id}/broadcasts`, {
      query: { limit: shownSendings, before: this.moreSendings },
    })
    this.sendings = [...(this.sendings ?? []), ...page.broadcasts]
    this.moreSendings = page.next
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome') return void this.#watchThenRead()
    if (!('test' in frame) || frame.test !== this.id) return
    switch (frame.type) {
      case 'progress':
        return frame.changes && this.#changed(this.#roster.apply({ kind: 'progress', changes: frame.changes }))
      case 'presence':
        return this.#changed(this.#roster.apply({ kind: 'presence', changes: frame.changes }))
      case 'enrolment':
        return this.#list.soon()
      case 'test':
        return this.#facts.soon()
      case 'broadcasts':
        this.#sent.soon()
        return this.#counts.soon() // how many messages wait for each candidate
    }
  }

  async #watchThenRead(): Promise<void> {
    // The client has asked to watch already; asking again is harmless and its answer says that frames flow.
    await connection.client.request({ type: 'watch', test: this.id }).catch(() => {})
    if (this.#stops.length) this.refresh()
  }

  async #readList(): Promise<void> {
    const reading = this.#roster.begin()
    try {
      const [test, page] = await Promise.all([
        api.get<TestDetail>(`/tests/${this.id}`),
        api.get<{ candidates: Candidate[]; unknown_nodes: number }>(`/tests/${this.id}/candidates`),
      ])
      this.test = test
      this.unknownNodes = page.unknown_nodes
      const changed = this.#roster.take(reading, page.candidates)
      this.failure = undefined
      this.stale = this.lost = false
      if (changed === false) return
      this.ready = true
      this.#changed(changed)
      this.#publish()
    } catch (error) {
      this.#roster.abandon(reading)
      if (this.#gone(error)) return
      if (this.ready) this.stale = true
      else this.failure = error
    }
  }

  /** Takes away what is shown if the reader may not see it any longer. */
  #gone(error: unknown): boolean {
    this.lost = (this.ready || this.lost) && error instanceof ApiError && (error.code === 'forbidden' || error.code === 'not_found')
    if (!this.lost) return false
    this.#roster = new Roster()
    this.test = undefined
    this.candidates = []
    this.sendings = []
    this.moreSendings = ''
    this.ready = this.stale = false
    return true
  }

  /** The test itself, without its list. */
  async #readFacts(): Promise<void> {
    try {
      this.test = await api.get<TestDetail>(`/tests/${this.id}`)
    } catch (error) {
      if (!this.#gone(error)) this.stale = this.ready
    }
  }

  async #readSendings(): Promise<void> {
    try {
      const page = await api.get<{ broadcasts: Broadcast[]; next: string }>(`/tests/${this.id}/broadcasts`, { query: { limit: shownSendings } })
      const known = new Set(page.broadcasts.map((b) => b.id))
      const older = (this.sendings ?? []).slice(shownSendings).filter((b) => !known.has(b.id))
      this.sendings = [...page.broadcasts, ...older]
      if (!older.length) this.moreSendings = page.next
    } catch {
      // the list says that it is stale; the sendings come with the next reading
    }
  }

  #changed(ids: readonly string[]): void {
    if (!ids.length) return
    for (const id of ids) this.#fresh.add(id)
    this.#publishing ??= setTimeout(() => this.#publish(), together)
  }

  #publish(): void {
    clearTimeout(this.#publishing)
    this.#publishing = undefined
    this.candidates = this.#roster.candidates
    if (!this.#fresh.size) return
    const now = this.#fresh
    this.#fresh = new Set()
    this.marks = new Set([...this.marks, ...now])
    const timer = setTimeout(() => {
      this.#unmark.delete(timer)
      this.marks = new Set([...this.marks].filter((id) => !now.has(id)))
    }, marked)
    this.#unmark.add(timer)
  }
}
