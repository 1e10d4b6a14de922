import type { Outbox } from './outgoing.svelte'
import type { Item } from './types'

/** What a Timeline shows: a candidate's conversation, or a chat between staff. */
export interface History {
  readonly items: readonly Item[]
  readonly outbox: Outbox
  readonly ready: boolean
  readonly more: boolean
  readonly loadingOlder: boolean
  readonly olderFailure: unknown
  /** What came last in a frame. */
  readonly latest: Item | undefined
  older(limit?: number): Promise<void>
  /** Reads back until the item is here. */
  find(id: string): Promise<boolean>
  /** Once more, under the same key. */
  again(key: string, change?: { take_over?: boolean; seen?: boolean }): void
}
