/**
 * Which messages open by themselves, and which wait: one place decides. Pure: the page's state is handed in.
 *
 *   sitting a test    messages of that test open, oldest first; all others are held until it is over
 *   no test running   what comes while the page is up opens; of what had piled up before, one message alone opens,
 *                     or of several the newest that matters. The others wait in the list, named by one banner
 */
import type { InboxMessage } from '../lib/types'
import { isTalk } from './talk'

/** So many messages of a running test open one after another when one comes back to it; the earlier ones wait in its list. */
export const maxOfTest = 10
/** So many that come together open one after another outside a test. */
export const maxTogether = 3

/** The tests that are sat now; undefined: not known yet. */
export type Sitting = ReadonlySet<string> | undefined

/** Whether a message would disturb the test that is sat. An alarm never waits. */
export function held(message: InboxMessage, sitting: Sitting): boolean {
  if (message.level === 'alarm') return false
  // Until it is known, nothing but what belongs to a test stands over the page.
  if (sitting === undefined) return message.group?.kind !== 'test'
  return sitting.size > 0 && !sitting.has(message.group?.id ?? '')
}

/** How much a message that was missed matters outside a test. 0: it waits in the list. */
function weight(message: InboxMessage): number {
  if (message.level === 'must_acknowledge' || message.level === 'alarm') return 3
  if (message.reminder) return 2
  return message.group?.kind === 'test' && !isTalk(message) ? 1 : 0
}

/**
 * Messages that come to attention at once (newest first): those that wait in the list instead of opening by themselves. `missed`: they
 * had piled up while nobody was here.
 */
export function waits(batch: readonly InboxMessage[], sitting: Sitting, missed: boolean): InboxMessage[] {
  const open = batch.filter((message) => !held(message, sitting))
  if (sitting === undefined || sitting.size > 0) {
    const calm = open.filter((message) => weight(message) < 3)
    return calm.slice(Math.max(0, maxOfTest - (open.length - calm.length)))
  }
  if (open.length <= (missed ? 1 : maxTogether)) return []
  const most = Math.max(...open.map(weight))
  const chosen = most > 0 ? open.find((message) => weight(message) === most) : undefined
  return open.filter((message) => message !== chosen)
}
