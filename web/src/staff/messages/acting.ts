// What is done with conversations of the list, and its undoing from the note that says so.

import { t } from '../../i18n/staff'
import { explain } from '../../lib/errors'
import { toasts } from '../../ui'
import type { Action, TimedAction } from '../conversation/api'
import { counts } from './counts.svelte'
import type { ConversationList } from './list.svelte'

const undoes: Partial<Record<Action | TimedAction, Action>> = { snooze: 'unsnooze', remind: 'unremind', read: 'unread', unread: 'read', archive: 'unarchive', unarchive: 'archive', process: 'unprocess', unprocess: 'process' }

/** Milliseconds for which undoing is offered. */
const offered = 10_000

/** Does it to all of them (until: of those that need a time), and says what was done, or why it was not. */
export async function acting(list: ConversationList, action: Action | TimedAction, people: readonly string[], { undo = true, until }: { undo?: boolean; until?: Date } = {}): Promise<void> {
  if (!people.length) return
  try {
    await list.act(action, people, until)
    counts.soon()
    if (!undo) return
    const undoing = undoes[action]
    const shown = toasts.show(t(`messages.done.${action}`, { count: people.length }), {
      tone: 'done',
      ...(undoing && { action: { label: t('messages.undo'), run: () => void acting(list, undoing, people, { undo: false }) } }),
    })
    setTimeout(() => toasts.dismiss(shown), offered)
  } catch (error) {
    toasts.show(explain(error), { tone: 'alarm' })
  }
}
