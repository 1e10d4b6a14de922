// Who else looks at and types in the conversations that stand open here, and what
// we say of ourselves. Nothing of it is stored anywhere.

import { SvelteMap } from 'svelte/reactivity'
import { connection } from '../../lib/connection.svelte'
import { session } from '../../lib/session.svelte'
import type { Presence } from '../../lib/types'
import type { Activity, StaffFrame, TypingFrame } from './types'

/** What a frame says is true for this long, unless said again. */
const holds = 10_000
/** Typing is said at most this often. */
const pause = 2_000

export type Other = { id: string; name: string; kind: 'staff' | 'candidate'; state: Activity }

type Command = { type: 'open' | 'shut'; conversation: string } | { type: 'typing'; conversation: string; state: 'typing' | 'idle' }

function say(command: Command): void {
  connection.client.request(command as Parameters<typeof connection.client.request>[0]).catch(() => {})
}

class Activities {
  #open = new Map<string, number>()
  #others = new SvelteMap<string, readonly Other[]>()
  #presence = new SvelteMap<string, Presence>()
  #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #typed = new Map<string, number>()
  #listening = false

  /** Tells the others that this conversation stands open here, until the returned function is called. */
  open(person: string): () => void {
    this.#listen()
    const count = this.#open.get(person) ?? 0
    this.#open.set(person, count + 1)
    if (count === 0) say({ type: 'open', conversation: person })
    return () => {
      const left = (this.#open.get(person) ?? 1) - 1
      if (left > 0) return void this.#open.set(person, left)
      this.#open.delete(person)
      this.#typed.delete(person)
      this.#others.delete(person)
      this.#presence.delete(person)
      say({ type: 'shut', conversation: person })
    }
  }

  /** I press keys. */
  typing(person: string): void {
    const now = Date.now()
    if (now - (this.#typed.get(person) ?? 0) < pause) return
    this.#typed.set(person, now)
    say({ type: 'typing', conversation: person, state: 'typing' })
  }

  /** I have stopped: sent it, emptied it, left it. */
  idle(person: string): void {
    if (!this.#typed.delete(person)) return
    say({ type: 'typing', conversation: person, state: 'idle' })
  }

  others(person: string): readonly Other[] {
    return this.#others.get(person) ?? []
  }

  /** The candidate's presence as last told, undefined until it is. */
  presence(person: string): Presence | undefined {
    return this.#presence.get(person)
  }

  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    connection.client.on('frame', (any) => {
      const frame = any as unknown as StaffFrame | { type: 'welcome' }
      if (frame.type === 'welcome') {
        this.#others.clear()
        for (const person of this.#open.keys()) say({ type: 'open', conversation: person })
      } else if (frame.type === 'typing' && frame.conversation) this.#heard(frame)
      else if (frame.type === 'presence' && frame.conversation) this.#presence.set(frame.conversation, frame.presence)
      else if (frame.type === 'conversation' && frame.item.type === 'message') this.#forget(frame.conversation, frame.item.from.id)
    })
  }

  #heard({ conversation, who, state }: TypingFrame): void {
    if (!this.#open.has(conversation) || who.id === session.me?.id) return
    this.#forget(conversation, who.id)
    if (state === 'idle') return
    this.#others.set(conversation, [...this.others(conversation), { ...who, state }])
    this.#timers.set(conversation + ' ' + who.id, setTimeout(() => this.#forget(conversation, who.id), holds))
  }

  #forget(conversation: string, id: string | undefined): void {
    const key = conversation + ' ' + id
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    const before = this.others(conversation)
    if (before.some((o) => o.id === id)) this.#others.set(conversation, before.filter((o) => o.id !== id))
  }
}

export const activities = new Activities()
