import { tab } from '../lib/storage'
import type { InboxMessage } from '../lib/types'
import { inbox } from './inbox.svelte'
import { unread } from './search'
import { appearsAt, TypingWatch } from './typing'

const ASIDE = 'aside'

/**
 * Which message stands on the screen: those not confirmed yet, oldest first, one at a time. A new run waits for a pause in typing; while a
 * pop-up is open, further ones queue behind it. Esc sets the whole run aside: unread, found in the message centre.
 */
class Popups {
  #aside: ReadonlySet<string> = $state.raw(new Set())
  #open = $state(false)
  #done = $state(0)
  #typing = new TypingWatch()

  readonly #waiting = $derived(inbox.list.filter((message) => unread(message) && !this.#aside.has(message.id)).reverse())

  readonly current: InboxMessage | undefined = $derived(this.#open ? this.#waiting[0] : undefined)
  /** "2 of 3" within this run. */
  readonly place = $derived({ at: this.#done + 1, of: this.#done + this.#waiting.length })

  /** Call inside an effect root: opens and closes runs as messages come and go. Returns how to stop. */
  start(): () => void {
    this.#aside = new Set(read())
    const stopTyping = this.#typing.start()
    let timer: ReturnType<typeof setTimeout> | undefined
    const stopEffect = $effect.root(() => {
      let arrived: number | undefined
      $effect(() => {
        if (this.#waiting.length === 0) {
          arrived = undefined
          this.#open = false
          this.#done = 0
        } else if (!this.#open) {
          arrived ??= performance.now()
          const first = arrived
          const appear = () => {
            const wait = appearsAt(first, this.#typing.last) - performance.now()
            if (wait <= 0) this.#open = true
            else timer = setTimeout(appear, wait)
          }
          appear()
          return () => clearTimeout(timer)
        }
      })
    })
    return () => {
      clearTimeout(timer)
      stopEffect()
      stopTyping()
      this.#open = false
    }
  }

  /** The card of this message is on a visible screen. */
  displayed(id: string): void {
    inbox.mark(id, 'displayed')
  }

  confirm(id: string): void {
    this.#done++
    inbox.mark(id, 'acknowledged')
  }

  /** Everything that waits now is left for later. */
  setAside(): void {
    this.#aside = new Set([...this.#aside, ...this.#waiting.map((message) => message.id)])
    try {
      tab.setItem(ASIDE, JSON.stringify([...this.#aside].slice(-200)))
    } catch {
      // storage is forbidden: they come again after a reload
    }
  }

  /** Brings back what was set aside. */
  bringBack(): void {
    this.#aside = new Set()
    try {
      tab.removeItem(ASIDE)
    } catch {
      // as above
    }
  }

  readonly aside = $derived(inbox.list.filter((message) => unread(message) && this.#aside.has(message.id)).length)
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(tab.getItem(ASIDE) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}

export const popups = new Popups()
