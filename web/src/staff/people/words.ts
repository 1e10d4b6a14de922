import { t } from '../../i18n/staff'
import { people } from '../../i18n/staff/people'
import type { GroupKind } from './types'

/** The word for a standing or an enrolment state; one new to this page stands for itself. */
export function stateWord(state: string): string {
  const key = `people.state.${state}`
  return key in people ? t(key as 'people.state.active') : state
}

export const kindWord = (kind: GroupKind): string => t(`people.kind.${kind}`)

const order = ['member', 'assigned', 'applied', 'waiting_list', 'invited', 'declined', 'left']

/** How many of a group stand where, in one order everywhere. */
export const statesOf = (counts: { by_state?: Record<string, number> }): [string, number][] =>
  Object.entries(counts.by_state ?? {})
    .filter(([state, n]) => state && n > 0)
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))

/** "driving_licence" → "Driving licence": fields are the organisation's own and have no translation. */
export function fieldWord(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toLocaleUpperCase() + words.slice(1)
}
