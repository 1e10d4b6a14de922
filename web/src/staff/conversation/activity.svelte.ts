// Who else looks at and types in the conversations that stand open here, and what
// we say of ourselves. Nothing of it is stored anywhere.

import { SvelteMap } from 'svelte/reactivity'
import { connection } from '../../lib/connection.svelte'
import { session } from '../../lib/session.svelte'
import type { Presence } from '../../lib/types'
import type { TypingFrame } from './types'

/** What a frame says is true for this long, unless said again. */
const holds = 10_000

export type Other = { id: string; name: string; kind: 'staff' | 'candidate'; state: 'typing' | 'viewing' }

class Activities {
  #open = new Map<string, number>()
  #others = new SvelteMap<string, readonly Other[]>()
  #presence = new SvelteMap<string, Presence>()
  #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #listening = false

  /** Tells the others that this conversation stands open here, until the returned function is called. */
  open(person: string): () => void {
    this.#listen()
    const count = this.#open.get(person) ?? 0
    this.#open.set(person, count + 1)
    connection.client.open(person)
    return () => {
      const left = (this.#open.get(person) ?? 1) - 1
      connection.client.shut(person)
      if (left > 0) return void this.#open.set(person, left)
      this.#open.delete(person)
      this.#others.delete(person)
      this.#presence.delete(person)
    }
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
    connection.client.on('frame', (frame) => {
      if (frame.type === 'welcome') this.#others.clear()
      else if (frame.type === 'typing' && frame.conversation) this.#heard(frame)
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
