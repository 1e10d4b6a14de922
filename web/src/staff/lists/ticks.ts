// Which candidates are ticked. Ticks belong to people, not to rows: they survive
// any change of filter or order. Immutable: each change gives a new Ticks.

export class Ticks {
  private constructor(
    private readonly ids: ReadonlySet<string>,
    /** Where a range with Shift begins: the last person ticked or unticked alone. */
    private readonly anchor: string | null,
  ) {}

  static readonly none = new Ticks(new Set(), null)

  get size(): number {
    return this.ids.size
  }

  has(id: string): boolean {
    return this.ids.has(id)
  }

  list(): string[] {
    return [...this.ids]
  }

  toggle(id: string): Ticks {
    const next = new Set(this.ids)
    if (!next.delete(id)) next.add(id)
    return new Ticks(next, id)
  }

  /**
   * Gives everyone between the anchor and id, in the shown order, the anchor's
   * own state. Without an anchor on the list it is a toggle.
   */
  range(id: string, shown: readonly string[]): Ticks {
    const to = shown.indexOf(id)
    const from = this.anchor === null ? -1 : shown.indexOf(this.anchor)
    if (to < 0 || from < 0 || this.anchor === null) return this.toggle(id)
    const on = this.ids.has(this.anchor)
    const next = new Set(this.ids)
    for (const each of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      if (on) next.add(each)
      else next.delete(each)
    }
    return new Ticks(next, this.anchor)
  }

  add(ids: Iterable<string>): Ticks {
    return new Ticks(new Set([...this.ids, ...ids]), this.anchor)
  }

  remove(ids: Iterable<string>): Ticks {
    const next = new Set(this.ids)
    for (const id of ids) next.delete(id)
    return new Ticks(next, this.anchor)
  }

  /** Leaves out who is no longer known: removed from the test. */
  keep(known: (id: string) => boolean): Ticks {
    const next = [...this.ids].filter(known)
    return next.length === this.ids.size ? this : new Ticks(new Set(next), this.anchor)
  }

  /** How many of the shown are ticked, and how many ticked are not shown. */
  against(shown: readonly { id: string }[]): { inside: number; outside: number; all: boolean } {
    let inside = 0
    for (const s of shown) if (this.ids.has(s.id)) inside++
    return { inside, outside: this.ids.size - inside, all: shown.length > 0 && inside === shown.length }
  }
}
