// Files on their way to the server, before the message that carries them is sent.

import { ApiError } from '../lib/api'
import { limits } from './limits'
import { discard, type Upload, upload } from './transfer'
import type { Attachment } from '../protocol/frames'

export type Entry = {
  readonly key: number
  readonly name: string
  readonly size: number
  readonly done: number
  readonly state: 'uploading' | 'ready' | 'failed'
  readonly file?: Attachment
  readonly error?: unknown
  /** The server looked at it and said no: trying again is of no use. */
  readonly refused?: boolean
}

/** At most this many at once: a phone's line is not made faster by ten. */
const together = 2

export class Uploads {
  list: readonly Entry[] = $state.raw([])
  #route: string
  #changed: () => void
  #next = 1
  #sources = new Map<number, File>()
  #running = new Map<number, Upload>()
  #waiting: { keys: string; tell: (there: boolean) => void }[] = []

  /** route: that of the API which takes the files. */
  constructor(route: string, kept: readonly Attachment[], changed: () => void) {
    this.#route = route
    this.#changed = changed
    this.list = kept.map((file) => ({ key: this.#next++, name: file.name, size: file.size, done: file.size, state: 'ready', file }))
  }

  get ready(): Attachment[] {
    return this.list.flatMap((e) => (e.file ? [e.file] : []))
  }

  count(state: Entry['state']): number {
    return this.list.filter((e) => e.state === state).length
  }

  add(files: readonly { file: File; name: string }[]): void {
    for (const { file, name } of files) {
      const key = this.#next++
      this.#sources.set(key, file)
      this.#put([...this.list, { key, name, size: file.size, done: 0, state: 'uploading' }])
    }
    this.#go()
  }

  /** Puts files back that a message was to carry. */
  restore(files: readonly Attachment[]): void {
    const room = files.slice(0, limits.files - this.list.length)
    this.#put([...this.list, ...room.map((file) => ({ key: this.#next++, name: file.name, size: file.size, done: file.size, state: 'ready' as const, file }))])
    this.#changed()
  }

  retry(key: number): void {
    this.#set(key, { state: 'uploading', done: 0, error: undefined })
    this.#go()
  }

  remove(key: number): void {
    this.#running.get(key)?.abort()
    const file = this.list.find((e) => e.key === key)?.file
    // The server forgets it within a day anyway.
    if (file) discard(file.id)
    this.#take(key)
    this.#changed()
    this.#go()
  }

  /** Waits for what is on its way. False: one of them could not be attached, or the list has become another meanwhile. */
  settled(): Promise<boolean> {
    return new Promise((tell) => {
      this.#waiting.push({ keys: this.#keys, tell })
      this.#look()
    })
  }

  /** Nobody waits for them any more: what is on its way ends, what is there stays on the server for a day. */
  stop(): void {
    this.#changed = () => {}
    for (const one of this.#running.values()) one.abort()
    this.clear()
  }

  /** They have gone with a message. */
  clear(): void {
    for (const { key } of this.list) this.#take(key)
  }

  #go(): void {
    for (const entry of this.list) {
      if (this.#running.size >= together) return
      if (entry.state === 'uploading' && !this.#running.has(entry.key)) void this.#run(entry)
    }
  }

  async #run({ key, name }: Entry): Promise<void> {
    const source = this.#sources.get(key)
    if (!source) return
    const mine = upload(this.#route, source, name, (done) => this.#set(key, { done: Math.min(done, source.size) }))
    this.#running.set(key, mine)
    try {
      const file = await mine.done
      this.#set(key, { state: 'ready', file, name: file.name, done: file.size, size: file.size })
      this.#forget(key)
      this.#changed()
    } catch (error) {
      if (this.#running.get(key) === mine) this.#running.delete(key)
      const refused = error instanceof ApiError && (error.code === 'invalid' || error.code === 'too_large' || error.code === 'conflict')
      this.#set(key, { state: 'failed', error, refused })
    }
    this.#go()
  }

  #take(key: number): void {
    this.#forget(key)
    this.#put(this.list.filter((e) => e.key !== key))
  }

  #forget(key: number): void {
    this.#running.delete(key)
    this.#sources.delete(key)
  }

  #set(key: number, change: Partial<Entry>): void {
    this.#put(this.list.map((e) => (e.key === key ? { ...e, ...change } : e)))
  }

  #put(list: readonly Entry[]): void {
    this.list = list
    this.#look()
  }

  get #keys(): string {
    return this.list.map((e) => e.key).join()
  }

  #look(): void {
    const now = this.#keys
    const settled = this.count('uploading') === 0
    this.#waiting = this.#waiting.filter(({ keys, tell }) => {
      if (keys === now && !settled) return true
      tell(keys === now && this.count('failed') === 0)
      return false
    })
  }
}
