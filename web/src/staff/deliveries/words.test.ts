import { expect, test } from 'vitest'
import type { Plan } from './types'
import { copyWords, planLine, split, stateLine, stateLines, tally, whyWord } from './words'

const plan = (email: object | undefined, sms: object | undefined, app = 1): Plan => ({
  counts: { people: 1, app, email: 0, sms: 0 },
  email: { to: 0, not: [] },
  sms: { to: 0, not: [] },
  people: [{ id: 'p', name: 'Sara', ...(email ? { email } : {}), ...(sms ? { sms } : {}) }],
})

test('the plan of one person says what goes first, then what does not and why', () => {
  const both = ['email', 'sms'] as const
  expect(planLine(plan({ address: 'sara@example.org' }, { reason: 'no_opt_in' }), both)).toBe('app, email to sara@example.org; no SMS: no consent')
  expect(planLine(plan({ reason: 'no_address' }, { reason: 'no_address' }), both)).toBe('app; no email: has no email address; no SMS: has no phone number')
  expect(planLine(plan({ address: 'a@example.org' }, { address: '+4740000000' }), both)).toBe('app, email to a@example.org, SMS to +4740000000')
})

test('only what was chosen is spoken of', () => {
  expect(planLine(plan({ address: 'a@example.org' }, { reason: 'no_opt_in' }), ['email'])).toBe('app, email to a@example.org')
  expect(planLine(plan(undefined, undefined), ['email', 'sms'])).toBe('app')
})

test('what waits goes, and says until when', () => {
  const until = new Date(2026, 10, 21, 7, 0).toISOString()
  expect(copyWords('sms', { address: '+47400', reason: 'quiet_hours', until })).toBe('SMS to +47400 (from 07:00: quiet hours)')
  expect(copyWords('sms', { address: '+47400', reason: 'quiet_hours' })).toBe('SMS to +47400 (waits)')
})

test('reasons: by channel, in general, a provider’s code, the provider’s own words', () => {
  expect(whyWord('sms', 'opted_out')).toBe('opted out')
  expect(whyWord('sms', '29999')).toBe('error 29999')
  expect(whyWord('email', '5.1.1', 'mailbox unavailable')).toBe('mailbox unavailable')
  expect(whyWord('email', 'something_new')).toBe('something_new')
})

test('those who wait are told from those who get none; most people first', () => {
  expect(split({ to: 5, not: [{ reason: 'no_address', count: 1 }, { reason: 'quiet_hours', count: 3 }, { reason: 'no_opt_in', count: 4 }] })).toEqual({
    not: [{ reason: 'no_opt_in', count: 4 }, { reason: 'no_address', count: 1 }],
    waiting: 3,
  })
})

test('the states of copies in words', () => {
  const at = new Date(2026, 10, 21, 9, 41).toISOString()
  expect(stateLines([{ channel: 'email', state: 'delivered', at }, { channel: 'sms', state: 'failed', reason: 'invalid_number', at }])).toBe('Email delivered 09:41 · SMS failed: the phone number is not a number')
  expect(stateLine({ channel: 'sms', state: 'waiting' })).toBe('SMS waiting')
  expect(stateLine({ channel: 'sms', state: 'suppressed', reason: 'no_opt_in' })).toBe('SMS not sent: no consent')
})

test('a sending’s copies by channel and state', () => {
  expect(tally([{ deliveries: [{ channel: 'email', state: 'failed' }] }, {}, { deliveries: [{ channel: 'email', state: 'delivered' }, { channel: 'sms', state: 'sent' }] }, { deliveries: [{ channel: 'email', state: 'failed' }] }])).toEqual([
    { channel: 'email', states: [{ state: 'delivered', count: 1 }, { state: 'failed', count: 2 }] },
    { channel: 'sms', states: [{ state: 'sent', count: 1 }] },
  ])
  expect(tally([{ deliveries: null }])).toEqual([])
})

test('codes of providers are words where they are known', () => {
  expect(whyWord('sms', 'dlr 2')).toBe('the network could not deliver it to the phone')
  expect(whyWord('sms', 'dlr 2 004', 'id:1 err:004')).toBe('the network could not deliver it to the phone (code 004)')
  expect(whyWord('sms', 'dlr 99')).toBe('error dlr 99')
  expect(whyWord('sms', '30003')).toBe('the phone is off or out of reach')
  expect(whyWord('sms', '400 21610', 'unsubscribed')).toBe('has told the provider to stop')
  expect(whyWord('sms', '400 99999', 'something new')).toBe('something new')
})
