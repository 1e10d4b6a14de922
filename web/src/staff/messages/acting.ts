// What is done with conversations of the list, and its undoing from the note that says so.

import { t } from '../../i18n/staff'
import { explain } from '../../lib/errors'
import { toasts } from '../../ui'
import type { Action } from '../conversation/api'
import { counts } from './counts.svelte'
import type { ConversationList } from './list.svelte'

const undoes: Record<Action, Action> = { read: 'unread', unread: 'read', archive: 'unarchive', unarchive: 'archive', process: 'unprocess', unprocess: 'process' }

/** Milliseconds for which undoing is offered. */
const offered = 10_000

/** Does it to all of them, and says what was done, or why it was not. */
export async function acting(list: ConversationList, action: Action, people: readonly string[], undo = true): Promise<void> {
  if (!people.length) return
  try {
    await list.act(action, people)
    counts.soon()
    if (!undo) return
    const shown = toasts.show(t(`messages.done.${action}`, { count: people.length }), { tone: 'done', action: { label: t('messages.undo'), run: () => void acting(list, undoes[action], people, false) } })
    setTimeout(() => toasts.dismiss(shown), offered)
  } catch (error) {
    toasts.show(explain(error), { tone: 'alarm' })
  }
}
