// What a plan and the states of copies say, in words. A code that is new to this page
// shows as itself.

import { time } from '../../i18n/format'
import { staffByLanguage, t } from '../../i18n/staff'
import type { Channel, Copied, CopyState, DeliveryState, Plan, PlanChannel, PlanCopy } from './types'
import { states } from './types'

type Key = keyof typeof staffByLanguage.en
const has = (key: string): key is Key => key in staffByLanguage.en
const plain = (key: string, otherwise: string): string => (has(key) ? (t as (key: Key) => string)(key) : otherwise)

export const channelWord = (channel: string): string => plain(`channel.${channel}`, channel)
export const stateWord = (state: string): string => plain(`delivery.${state}`, state)
/** Why something that came in could not be placed. */
export const cameWord = (why: string): string => plain(`came.${why}`, why)
export const outcomeWord = (outcome: string): string => plain(`outcome.${outcome}`, outcome)

export const sourceWord = (source: string): string => plain(`refused.from.${source}`, source)
/** Why something that came in was refused. */
export const refusedWord = (why: string): string => plain(`refused.${why}`, why)

/**
 * Why a copy does not go, or did not arrive: our own words for our reasons and for the codes of reports that
 * say most, else the provider's own words, else the code.
 */
export function whyWord(channel: string, reason: string, detail = ''): string {
  const own = `why.${channel}.${reason}`
  if (has(own)) return plain(own, reason)
  if (has(`why.${reason}`)) return plain(`why.${reason}`, reason)
  const words = codeWord(reason)
  if (words) return words
  return detail || (/\d/.test(reason) ? t('why.code', { code: reason }) : reason)
}

/** Words for a provider's code: "dlr 2" and "dlr 2 004" of Kannel, "30003" and "400 21610" of Twilio; '' for others. */
function codeWord(reason: string): string {
  const [, state, more] = /^dlr (\d+)(?: (\w+))?$/.exec(reason) ?? []
  if (state) return more ? t('why.withCode', { why: plain(`why.dlr.${state}`, reason), code: more }) : plain(`why.dlr.${state}`, '')
  const code = /(?:^|\s)(\d{5})$/.exec(reason)?.[1]
  return code ? plain(`why.twilio.${code}`, '') : ''
}

const waits = (copy: PlanCopy): boolean => !!copy.until || copy.reason === 'quiet_hours'

/** Where one copy goes, or why it does not. */
export function copyWords(channel: Copied, copy: PlanCopy): string {
  if (copy.reason && !waits(copy)) return t(channel === 'email' ? 'copy.noEmail' : 'copy.noSms', { why: whyWord(channel, copy.reason) })
  const what = t(channel === 'email' ? 'copy.toEmail' : 'copy.toSms', { address: copy.address ?? '' })
  if (copy.until) return t('copy.waits', { what, time: time(copy.until) })
  return copy.reason ? t('copy.waitsNow', { what }) : what
}

/** The plan of a message to one person, in one line: "app, email to sara@example.org; no SMS: no consent". */
export function planLine(plan: Plan, chosen: readonly Copied[]): string {
  const one = plan.people?.[0]
  const goes: string[] = plan.counts.app ? [t('copy.app')] : []
  const not: string[] = []
  for (const channel of chosen) {
    const copy = one?.[channel]
    if (!copy) continue
    ;(copy.reason && !waits(copy) ? not : goes).push(copyWords(channel, copy))
  }
  return [goes.join(', '), not.join('; ')].filter(Boolean).join('; ')
}

/** Of a channel's reasons: those who get none, and those who wait. Most people first. */
export function split(of: PlanChannel): { not: PlanChannel['not']; waiting: number } {
  const later = of.not.filter((n) => n.reason === 'quiet_hours' || n.reason === 'cap')
  return { not: of.not.filter((n) => !later.includes(n)).sort((a, b) => b.count - a.count), waiting: later.reduce((sum, n) => sum + n.count, 0) }
}

/** One copy of a message that went: "Email delivered 09:41", "SMS failed: the phone number is not a number". */
export function stateLine(copy: CopyState): string {
  const values = { channel: channelWord(copy.channel), state: stateWord(copy.state) }
  if (copy.reason && copy.state !== 'delivered' && copy.state !== 'sent') return t('delivery.lineWhy', { ...values, why: whyWord(copy.channel, copy.reason) })
  return copy.at ? t('delivery.lineAt', { ...values, time: time(copy.at) }) : t('delivery.line', values)
}

export const stateLines = (copies: readonly CopyState[]): string => copies.map(stateLine).join(' · ')

/** Something that a person should look at. */
export const wrong = (state: DeliveryState): boolean => state === 'failed'

/** How the copies of a sending stand: people by channel and state, in the order of the states. */
export function tally(people: readonly { deliveries?: readonly CopyState[] | null }[]): { channel: Channel; states: { state: DeliveryState; count: number }[] }[] {
  const by = new Map<Channel, Map<DeliveryState, number>>()
  for (const p of people) {
    for (const d of p.deliveries ?? []) {
      const of = by.get(d.channel) ?? new Map<DeliveryState, number>()
      by.set(d.channel, of.set(d.state, (of.get(d.state) ?? 0) + 1))
    }
  }
  return [...by].map(([channel, of]) => ({ channel, states: states.filter((s) => of.has(s)).map((state) => ({ state, count: of.get(state)! })) }))
}
