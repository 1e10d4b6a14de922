// The live list of one test, without any framework: a snapshot over REST, changed
// by frames from the socket. Frames carry absolute values, so one that arrives
// while a snapshot is under way is kept and applied again after it: whichever of
// the two is newer, the list ends up right.

import type { Candidate, Presence, Progress } from '../types'

export interface ProgressChange {
  person: string
  progress: Progress
  at: string
}
export interface PresenceChange {
  person: string
  presence: Presence
  at: string
}
export type Change = { kind: 'progress'; changes: ProgressChange[] } | { kind: 'presence'; changes: PresenceChange[] }

export class Roster {
  /** In the order of the snapshot. A changed candidate is a new object. */
  candidates: readonly Candidate[] = []
  /** False until the first snapshot has arrived. */
  ready = false

  private at = new Map<string, number>()
  private reading = 0
  private held: Change[] = []

  /** Call before a snapshot is asked for; frames are held from here on as well. */
  begin(): number {
    return ++this.reading
  }

  /**
   * Takes the snapshot that begin numbered. An answer overtaken by a later begin
   * is dropped (false). Returns who differs from what was shown.
   */
  take(reading: number, snapshot: readonly Candidate[]): string[] | false {
    if (reading !== this.reading) return false
    const before = new Map(this.candidates.map((c) => [c.id, c]))
    const first = !this.ready
    this.candidates = snapshot.map((c) => {
      const old = before.get(c.id)
      return old && same(old, c) ? old : c
    })
    this.at = new Map(this.candidates.map((c, i) => [c.id, i]))
    this.ready = true
    this.reading = 0
    const held = this.held
    this.held = []
    for (const change of held) this.change(change)
    return first ? [] : this.candidates.filter((c) => before.get(c.id) !== c).map((c) => c.id)
  }

  /** The snapshot could not be had: what is shown stays, frames flow on. */
  abandon(reading: number): void {
    if (reading !== this.reading) return
    this.reading = 0
    this.held = []
  }

  /** Applies a frame at once, and again after a snapshot that is under way. Returns who changed. */
  apply(change: Change): string[] {
    if (this.reading !== 0 || !this.ready) this.held.push(change)
    return this.ready ? this.change(change) : []
  }

  get(id: string): Candidate | undefined {
    const i = this.at.get(id)
    return i === undefined ? undefined : this.candidates[i]
  }

  private change(change: Change): string[] {
    const next = this.candidates.slice()
    const changed: string[] = []
    const put = (id: string, edit: (c: Candidate) => Candidate) => {
      const i = this.at.get(id)
      const c = i === undefined ? undefined : next[i]
      if (i === undefined || !c) return
      const edited = edit(c)
      if (edited === c) return
      next[i] = edited
      changed.push(id)
    }
    if (change.kind === 'progress') {
      for (const p of change.changes) {
        put(p.person, (c) =>
          c.progress === p.progress || earlier(p.at, c.progress_at) ? c : { ...c, progress: p.progress, progress_at: p.at },
        )
      }
    } else {
      for (const p of change.changes) {
        put(p.person, (c) =>
          earlier(p.at, c.last_seen_at) || (c.presence === p.presence && c.last_seen_at === p.at)
            ? c
            : {
                ...c,
                presence: p.presence,
                last_seen_at: p.at,
              },
        )
      }
    }
    if (changed.length) this.candidates = next
    return changed
  }
}

const earlier = (a: string, b: string | null): boolean => b !== null && Date.parse(a) < Date.parse(b)

function same(a: Candidate, b: Candidate): boolean {
  return (
    a.name === b.name &&
    a.external_id === b.external_id &&
    a.progress === b.progress &&
    a.progress_at === b.progress_at &&
    a.presence === b.presence &&
    a.last_seen_at === b.last_seen_at &&
    a.room === b.room &&
    a.seat === b.seat &&
    a.extra_minutes === b.extra_minutes &&
    a.waiting === b.waiting &&
    a.tags.join('\n') === b.tags.join('\n') &&
    a.groups.map((g) => g.id + g.name).join('\n') === b.groups.map((g) => g.id + g.name).join('\n')
  )
}
