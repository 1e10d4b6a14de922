// Where a scrolled list stands: at its end, or at a row that stays where it is on the
// screen, whatever is put before or after it in the list, or above the list.

const near = 24

export class Place {
  atEnd = true
  #row: HTMLElement | undefined
  /** Of the row, from the list's upper edge. */
  #top = 0
  /** The list's own edges as last seen. */
  #edges = { top: 0, bottom: 0 }
  /** How far down the list was as last seen. */
  #scrolled = 0

  /** The reader, or a change of size, has moved it. */
  moved(box: HTMLElement): void {
    // Only who goes up leaves the end: the word of having moved there may come when the list has grown again.
    const up = box.scrollTop < this.#scrolled - 1
    this.#scrolled = box.scrollTop
    this.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight <= near || (this.atEnd && !up)
    this.#edges = edges(box)
    this.note(box)
  }

  /** Remembers the first row in view, before the rows change. */
  note(box: HTMLElement): void {
    if (this.atEnd) return
    const { top } = edges(box)
    const rows = box.querySelectorAll<HTMLElement>('[data-item]')
    // The first whose end is below the upper edge.
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (rows[middle]!.getBoundingClientRect().bottom > top) high = middle
      else low = middle + 1
    }
    this.#row = rows[low]
    this.#top = this.#row ? this.#row.getBoundingClientRect().top - top : 0
  }

  /** After a change: to the end, or the remembered row back to where it was. */
  keep(box: HTMLElement): void {
    const now = edges(box)
    const before = this.#edges
    this.#edges = now
    if (this.atEnd) return this.toEnd(box)
    if (!this.#row?.isConnected) return
    let by = this.#row.getBoundingClientRect().top - now.top - this.#top
    // Something above the list has grown into it: the page around has not moved, the list's upper edge has.
    if (Math.abs(now.bottom - before.bottom) < 1) by += now.top - before.top
    if (Math.abs(by) >= 1) box.scrollTop += by
    this.#scrolled = box.scrollTop
    this.note(box)
  }

  toEnd(box: HTMLElement): void {
    this.atEnd = true
    box.scrollTop = box.scrollHeight
    this.#scrolled = box.scrollTop
  }

  /** Leaves the end: somebody has gone to another place. */
  release(): void {
    this.atEnd = false
    this.#row = undefined
  }
}

function edges(box: HTMLElement): { top: number; bottom: number } {
  const { top, bottom } = box.getBoundingClientRect()
  return { top, bottom }
}
