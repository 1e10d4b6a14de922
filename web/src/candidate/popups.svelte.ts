import { untrack } from 'svelte'
import { clock } from '../lib/clock.svelte'
import { connection } from '../lib/connection.svelte'
import type { InboxMessage } from '../lib/types'
import { inbox } from './inbox.svelte'
import { held, type Sitting, waits } from './opening'
import { unread } from './search'
import { sitting } from './sitting'
import { tests } from './tests.svelte'
import { appearsAt, TypingWatch } from './typing'

const ASIDE = 'crier.aside'
const QUIET = 'crier.quiet'

/**
 * Which message stands on the screen: those not confirmed yet that may open by themselves (`opening.ts`), oldest first, one at a time. A
 * new run waits for a pause in typing; while a pop-up is open, further ones queue behind it. Esc sets the whole run aside: unread, found in
 * the message centre.
 */
class Popups {
  #aside: ReadonlySet<string> = $state.raw(new Set(read(ASIDE)))
  /** Those that wait in the list, named by the banner. */
  #quiet: ReadonlySet<string> = $state.raw(new Set(read(QUIET)))
  /** Those that may open by themselves. */
  #opening: ReadonlySet<string> = $state.raw(new Set())
  #open = $state(false)
  #done = $state(0)
  /** The message on the screen: it stays there until it is dealt with, whatever begins meanwhile. */
  #standing: string | undefined = $state()
  #typing = new TypingWatch()

  readonly #unread = $derived(inbox.list.filter(unread))
  readonly #sitting: Sitting = $derived(tests.phase === 'ready' || tests.list.length ? sitting(tests.list, clock.minute) : undefined)
  readonly #waiting = $derived(
    this.#unread
      .filter((message) => this.#opening.has(message.id) && !this.#aside.has(message.id) && (message.id === this.#standing || !held(message, this.#sitting)))
      .reverse(),
  )

  readonly current: InboxMessage | undefined = $derived(this.#open ? (this.#waiting.find((message) => message.id === this.#standing) ?? this.#waiting[0]) : undefined)
  /** "2 of 3" within this run. */
  readonly place = $derived({ at: this.#done + 1, of: this.#done + this.#waiting.length })
  /** Unread messages that wait in the list. */
  readonly quiet = $derived(this.#unread.filter((message) => this.#quiet.has(message.id) && !held(message, this.#sitting)))
  /** How many from outside the running test wait until it is over. */
  readonly held = $derived(this.#sitting?.size ? this.#unread.filter((message) => message.id !== this.#standing && !this.#aside.has(message.id) && held(message, this.#sitting)).length : 0)

  /** Call inside an effect root: opens and closes runs as messages come and go. Returns how to stop. */
  start(): () => void {
    const stopTyping = this.#typing.start()
    let timer: ReturnType<typeof setTimeout> | undefined
    const stopEffect = $effect.root(() => {
      // While the connection fetches what was missed, the rest of it is still to come.
      $effect(() => {
        if (inbox.phase !== 'reading' && tests.phase !== 'reading' && connection.state.phase !== 'catching_up') this.#judge(this.#unread, this.#sitting)
      })
      $effect(() => {
        this.#standing = this.current?.id
      })
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

  /** Decides once for each message whether it may open by itself; for those that are held, when they no longer are. */
  #judge(all: readonly InboxMessage[], now: Sitting): void {
    untrack(() => {
      const fresh = all.filter((message) => !this.#opening.has(message.id) && !this.#quiet.has(message.id) && !this.#aside.has(message.id) && !held(message, now))
      if (!fresh.length) return
      const live = fresh.filter((message) => inbox.live(message.id))
      const missed = fresh.filter((message) => !inbox.live(message.id))
      const quiet = new Set([...waits(live, now, false), ...waits(missed, now, true)].map((message) => message.id))
      this.#opening = new Set([...this.#opening, ...fresh.filter((message) => !quiet.has(message.id)).map((message) => message.id)])
      if (!quiet.size) return
      this.#quiet = new Set([...this.#quiet, ...quiet])
      keep(QUIET, this.#quiet)
    })
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
    keep(ASIDE, this.#aside)
  }

  /** Brings back what was set aside. */
  bringBack(): void {
    this.#opening = new Set([...this.#opening, ...this.#aside])
    this.#aside = new Set()
    keep(ASIDE, this.#aside)
  }

  readonly aside = $derived(inbox.list.filter((message) => unread(message) && this.#aside.has(message.id)).length)
}

function read(name: string): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(name) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}

function keep(name: string, ids: ReadonlySet<string>): void {
  try {
    if (ids.size) sessionStorage.setItem(name, JSON.stringify([...ids].slice(-200)))
    else sessionStorage.removeItem(name)
  } catch {
    // storage is forbidden: a reload decides anew
  }
}

export const popups = new Popups()
