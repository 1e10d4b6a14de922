/**
 * Respect for typing: a pop-up waits for a pause, but not for long; and no key or click that was meant for something else
 * confirms it. Pure: times are handed in.
 */

/** A pause in typing: nothing for this long. */
export const PAUSE = 800
/** A message waits for a pause no longer than this. */
export const PATIENCE = 3000
/** A pop-up takes no key and no click so soon after it appeared, nor before the keyboard has been still for this long. */
export const GRACE = 600

/** When a message that came at `arrived` may appear, given the last keystroke in an editable element. */
export function appearsAt(arrived: number, lastTyped: number | undefined): number {
  if (lastTyped === undefined) return arrived
  return Math.min(Math.max(arrived, lastTyped + PAUSE), arrived + PATIENCE)
}

/**
 * Decides which presses count as confirming. A press counts if it began after the grace, on a still keyboard, and is not a
 * repetition of a held key.
 */
export class Guard {
  #shown: number
  #lastKey: number | undefined

  constructor(shown: number) {
    this.#shown = shown
  }

  /** Every key that goes down while the pop-up is open, but for Tab, Shift and arrows, which only move. */
  key(at: number, key: string, repeat: boolean): boolean {
    if (key === 'Tab' || key === 'Shift' || key.startsWith('Arrow') || key.startsWith('Page')) return true
    const still = this.#lastKey === undefined || at - this.#lastKey >= GRACE
    this.#lastKey = at
    return !repeat && still && at - this.#shown >= GRACE
  }

  /** A pointer that goes down. */
  pointer(at: number): boolean {
    return at - this.#shown >= GRACE
  }
}

const editable = (target: EventTarget | null): boolean =>
  target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !['button', 'checkbox', 'radio', 'submit'].includes(target.type)) || (target instanceof HTMLElement && target.isContentEditable)

/** Watches for typing anywhere on the page. */
export class TypingWatch {
  last: number | undefined

  start(): () => void {
    const typed = (event: Event) => {
      if (editable(event.target)) this.last = performance.now()
    }
    addEventListener('keydown', typed, true)
    addEventListener('input', typed, true)
    return () => {
      removeEventListener('keydown', typed, true)
      removeEventListener('input', typed, true)
    }
  }
}
