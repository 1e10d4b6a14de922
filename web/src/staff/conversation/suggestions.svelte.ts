// What the composer offers while one types: colleagues after an @ in a note, canned
// replies after a / that begins a message.

import { composing, isEnter } from '../../lib/keys'
import { conversations } from './api'
import { canned } from './canned.svelte'
import { matching, slash } from './canned'
import { insert, type Typing, typingAt } from './mentions'
import type { Option } from './option'
import type { Canned, Colleague, Named } from './types'

type Host = {
  noting: () => boolean
  text: () => string
  box: () => HTMLTextAreaElement | undefined
  put: (text: string, caret: number) => void
  mention: (who: Named) => void
  canned: (one: Canned) => void
}

const most = 8

export class Suggestions {
  active = $state(0)
  kind: 'mention' | 'canned' | undefined = $state()
  options: readonly Option[] = $state.raw([])
  #host: Host
  #typing: Typing | undefined
  #people: readonly Colleague[] = []
  #replies: readonly Canned[] = []
  #asked: string | undefined
  /** Closed by Esc: stays closed while this is being typed. */
  #dismissed: string | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** Looks at what stands before the caret. Call it after every key. */
  look(): void {
    const box = this.#host.box()
    if (!box) return
    if (this.#host.noting()) return this.#mention(box)
    const query = slash(this.#host.text())
    if (query === undefined || this.#dismissed === query) return this.close(query)
    const first = canned.list === undefined
    void canned.load().then(() => first && canned.list && this.look())
    this.#replies = matching(canned.list ?? [], query).slice(0, most)
    this.#show('canned', this.#replies.map((c) => ({ id: c.id, label: c.title, hint: c.shortcut ? '/' + c.shortcut : '' })))
  }

  #mention(box: HTMLTextAreaElement): void {
    this.#typing = typingAt(box.value, box.selectionStart)
    const query = this.#typing?.query
    if (query === undefined || this.#dismissed === query) return this.close(query)
    if (this.#asked === query) return
    this.#asked = query
    conversations.colleagues(query).then(
      (people) => {
        if (this.#asked !== query) return
        this.#people = people.slice(0, most)
        this.#show('mention', this.#people.map((p) => ({ id: p.id, label: p.name, hint: p.role })))
      },
      () => this.close(),
    )
  }

  #show(kind: 'mention' | 'canned', options: Option[]): void {
    const same = this.kind === kind && this.options.map((o) => o.id).join() === options.map((o) => o.id).join()
    this.kind = kind
    if (same) return
    this.options = options
    this.active = 0
  }

  close(dismissed?: string): void {
    this.#dismissed = dismissed !== undefined && this.#dismissed === dismissed ? dismissed : undefined
    this.#asked = undefined
    this.kind = undefined
    if (this.options.length) this.options = []
  }

  /** Takes a key if it is for the list. */
  key(event: KeyboardEvent): boolean {
    const count = this.options.length
    if (!count || composing(event)) return false
    if (event.key === 'ArrowDown') this.active = (this.active + 1) % count
    else if (event.key === 'ArrowUp') this.active = (this.active + count - 1) % count
    else if ((isEnter(event) && !event.ctrlKey && !event.metaKey) || event.key === 'Tab') this.pick(this.active)
    else if (event.key === 'Escape') {
      this.#dismissed = this.kind === 'mention' ? this.#typing?.query : slash(this.#host.text())
      this.options = []
      this.kind = undefined
      this.#asked = undefined
    } else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  pick(index: number): void {
    const kind = this.kind
    const who = this.#people[index]
    const reply = this.#replies[index]
    const typing = this.#typing
    this.close()
    if (kind === 'canned' && reply) return this.#host.canned(reply)
    const box = this.#host.box()
    if (kind !== 'mention' || !who || !typing || !box) return
    const next = insert(box.value, box.selectionStart, typing, who)
    this.#host.mention({ id: who.id, name: who.name })
    this.#host.put(next.text, next.caret)
  }
}
