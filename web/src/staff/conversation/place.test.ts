import { describe, expect, it } from 'vitest'
import { Place } from './place'

/** A list as the browser measures it: what is asked of the end needs no rows. */
function list(height: number, view = 100) {
  let top = 0
  return {
    clientHeight: view,
    scrollHeight: height,
    get scrollTop() {
      return top
    },
    set scrollTop(to: number) {
      top = Math.max(0, Math.min(to, this.scrollHeight - this.clientHeight))
    },
    getBoundingClientRect: () => ({ top: 0, bottom: view }),
    querySelectorAll: () => [],
  }
}
const as = (box: ReturnType<typeof list>) => box as unknown as HTMLElement

describe('the end of a list', () => {
  it('is kept when the list grows before the word of having gone there comes', () => {
    const box = list(500)
    const place = new Place()
    place.keep(as(box))
    box.scrollHeight = 600
    place.moved(as(box)) // the event of the first step
    expect(place.atEnd).toBe(true)
    place.keep(as(box))
    expect(box.scrollTop).toBe(500)
  })

  it('is left by who goes up, and found again by who comes down', () => {
    const box = list(500)
    const place = new Place()
    place.keep(as(box))
    box.scrollTop = 300
    place.moved(as(box))
    expect(place.atEnd).toBe(false)
    box.scrollTop = 350 // down, and not there yet
    place.moved(as(box))
    expect(place.atEnd).toBe(false)
    box.scrollTop = 390
    place.moved(as(box))
    expect(place.atEnd).toBe(true)
  })

  it('is kept when the list becomes shorter', () => {
    const box = list(500)
    const place = new Place()
    place.keep(as(box))
    box.scrollHeight = 300
    box.scrollTop = 400 // as the browser does
    place.moved(as(box))
    expect(place.atEnd).toBe(true)
  })
})
