// Where a scrolled list stands: at its end, or at a row that stays where it is on the
// screen whatever is put before or after it, within the list or above it.

const near = 24

export class Place {
  atEnd = true
  #row: HTMLElement | undefined
  #top = 0

  /** The reader, or a change of size, has moved it. */
  moved(box: HTMLElement): void {
    this.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight <= near
    this.note(box)
  }

  /** Remembers the first row in view, before the rows change. */
  note(box: HTMLElement): void {
    if (this.atEnd) return
    const top = box.getBoundingClientRect().top
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
    this.#top = this.#row?.getBoundingClientRect().top ?? 0
  }

  /** After a change: to the end, or the remembered row back to where it was. */
  keep(box: HTMLElement): void {
    if (this.atEnd) {
      box.scrollTop = box.scrollHeight
      return
    }
    if (!this.#row?.isConnected) return
    const moved = this.#row.getBoundingClientRect().top - this.#top
    if (Math.abs(moved) >= 1) box.scrollTop += moved
  }

  toEnd(box: HTMLElement): void {
    this.atEnd = true
    box.scrollTop = box.scrollHeight
  }

  /** Leaves the end: somebody has gone to another place. */
  release(): void {
    this.atEnd = false
    this.#row = undefined
  }
}
