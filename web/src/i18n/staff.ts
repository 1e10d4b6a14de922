import { common } from './common'
import { board } from './staff/board'
import { compose } from './staff/compose'
import { consent } from './staff/consent'
import { conversation } from './staff/conversation'
import { deliveries } from './staff/deliveries'
import { dock } from './staff/dock'
import { log } from './staff/log'
import { messages } from './staff/messages'
import { people } from './staff/people'
import { send } from './staff/send'
import { translator } from './translate.svelte'

/** Strings of the staff's pages. */
export const staff = {
  // the frame round every page
  'nav.label': 'Staff pages',
  'nav.tests': 'Tests',
  'nav.log': 'Log',
  'nav.shortcuts': 'Keyboard shortcuts',
  'nav.candidateOnly': 'These pages are for staff',
  'nav.candidateOnlyBody': 'You are signed in as a candidate. Your tests and messages are on your own pages.',
  'nav.toDashboard': 'To your tests and messages',
  'nav.loadFailed': 'The page could not be loaded',
  'nav.loadFailedBody': 'The server could not be reached, or it has been updated since this page was opened. What you wrote is kept.',
  'nav.reload': 'Load the page again',

  'keys.title': 'Keyboard shortcuts',
  'keys.everywhere': 'Everywhere',
  'keys.monitor': 'In the list of candidates',
  'keys.dialog': 'In a dialog',
  'keys.help': 'Show shortcuts',
  'keys.search': 'Search',
  'keys.goTests': 'Tests, Messages, People, Deliveries, Log in turn',
  'keys.move': 'Move from row to row',
  'keys.page': 'A page up or down',
  'keys.ends': 'First or last row',
  'keys.tick': 'Tick or untick the row',
  'keys.range': 'Tick everything from the last tick to here',
  'keys.all': 'Tick everyone in the filter',
  'keys.message': 'Send message to the row',
  'keys.messageMany': 'Send message to the ticked, or to all in the filter',
  'keys.send': 'Send',
  'keys.close': 'Close; what you wrote is kept',
  'keys.space': 'Space',

  // tests
  'tests.title': 'Tests',
  'tests.filter': 'Find a test',
  'tests.none': 'No tests are assigned to you',
  'tests.noneBody': 'A planner gives you tests and rooms. They appear here as soon as that is done; nothing needs to be reloaded.',
  'tests.noMatch': 'No test matches “{q}”',
  'tests.from': 'from {time}',
  'tests.ends': 'ends {time}',
  'tests.noTime': 'no time set',
  'tests.sendingsOnly': 'Over: its sendings can still be read.',
  'tests.failed': 'Your tests could not be loaded',
  'tests.section.running': 'Running now',
  'tests.section.upcoming': 'Upcoming',
  'tests.section.over': 'Over',

  // monitor
  'monitor.title': 'Monitor',
  'monitor.ends': 'ends {time}',
  'monitor.starts': 'starts {time}',
  'monitor.ended': 'ended {time}',
  'monitor.myRooms': 'Your rooms: {rooms}',
  'monitor.emptyRooms': 'Nobody sits in {rooms}',
  'monitor.emptyRoomsBody': 'You are assigned to it in this test. If candidates sit there, its name may be spelt differently in their seating: ask whoever assigned you.',
  'monitor.doubleSeats': 'More than one candidate on one seat: {places}',
  'monitor.withoutRoom': { one: '{count} candidate has no room', other: '{count} candidates have no room' },
  'monitor.unattended': 'No invigilator is assigned to {rooms}',
  'monitor.lost': 'You no longer work in this test',
  'monitor.lostBody': 'Your assignment to it has ended, so its candidates are not shown here any more. A message that you were writing is kept in this tab.',
  'monitor.failed': 'The list could not be loaded',
  'monitor.unknownNodes': {
    one: 'Presence of {count} server node is unknown: Redis cannot be reached. Messages arrive all the same.',
    other: 'Presence of {count} server nodes is unknown: Redis cannot be reached. Messages arrive all the same.',
  },
  'monitor.stale': 'The list could not be refreshed; it shows what was known before.',
  'monitor.search': 'Search name, id or seat',
  'monitor.searchLabel': 'Search candidates by name, candidate id or seat',
  'monitor.candidates': { one: '{count} candidate', other: '{count} candidates' },
  'monitor.of': 'of {total}',
  'monitor.sendAll': { one: 'Send message to {count} candidate…', other: 'Send message to all {count}…' },
  'monitor.sendAllHint': 'Everyone in the current filter',
  'monitor.sendNone': 'Send message to all…',
  'monitor.sendNoneHint': 'Nobody matches the filter',
  'monitor.tickAll': 'Tick all {count}',
  'monitor.tickAllHint': 'They stay ticked when the filter changes',
  'monitor.untickAll': 'Untick everyone',
  'monitor.ticked': { one: '{count} ticked', other: '{count} ticked' },
  'monitor.tickedOutside': { one: '{count} not in this filter', other: '{count} not in this filter' },
  'monitor.showTicked': 'Ticked rows',
  'monitor.sendTicked': { one: 'Send message to {count}…', other: 'Send message to {count}…' },
  'monitor.untick': 'Untick all',
  'monitor.pending': { one: '{count} update pending', other: '{count} updates pending' },
  'monitor.update': 'Update now',
  'monitor.noMatch': 'Nobody matches',
  'monitor.noMatchBody': 'No candidate fits this search and these filters.',
  'monitor.clear': 'Clear filters',
  'monitor.noCandidates': 'No candidates yet',
  'monitor.noCandidatesBody': 'Nobody is enrolled in this test, or nobody in your rooms. The list fills by itself as soon as someone is.',

  'filter.bar': 'Filters',
  'filter.progress': 'Progress',
  'filter.presence': 'Presence',
  'filter.room': 'Room',
  'filter.noRoom': 'No room',
  'filter.seat': 'Seat',
  'filter.noSeat': 'No seat',
  'filter.extra': 'Extra time',
  'filter.extraYes': 'With extra time',
  'filter.extraNo': 'Without extra time',
  'filter.tag': 'Tag',
  'filter.group': 'Also in',
  'filter.groupGone': 'A group without candidates of this test',
  'filter.find': 'Find in {name}',
  'filter.clear': 'Clear',
  'filter.more': 'Filters',
  'filter.chosen': '{name}: {values}',
  'filter.chosenMore': '{name}: {value} +{count}',
  'filter.done': 'Done',

  'presence.online': 'online',
  'presence.away': 'away',
  'presence.unresponsive': 'not answering',
  'presence.unknown': 'unknown',
  'presence.offline': 'offline',

  'column.seat': 'Seat',
  'column.name': 'Candidate',
  'column.presence': 'Presence',
  'column.progress': 'Progress',
  'column.extra': 'Extra time',
  'column.seen': 'Last seen',
  'column.send': 'Message',
  'column.sortBy': 'Sort by {name}',
  'column.sort': 'Sort',

  'row.tick': 'Tick {name}',
  'row.send': 'Send message to {name}',
  'row.extra': '+{count} min',
  'row.seenNow': 'now',
  'row.neverSeen': 'not yet',
  'row.waiting': { one: '{count} waiting', other: '{count} waiting' },
  'row.waitingHint': { one: '{count} message not yet delivered', other: '{count} messages not yet delivered' },
  'row.stale': 'no longer in this filter',
  'row.list': 'Candidates',

  // latest sendings under the list
  'strip.title': 'Latest sendings',
  'strip.none': 'Nothing was sent in this test yet.',
  'strip.whoHasNot': 'Who has not',
  'strip.noSubject': 'No subject',
  'strip.all': 'All in the log',
  'strip.reminder': 'reminder',
  'strip.older': 'Show older',

  'counts.recipients': { one: '{count} recipient', other: '{count} recipients' },
  'counts.queued': 'waiting {count}',
  'counts.delivered': 'delivered {count}',
  'counts.displayed': 'displayed {count}',
  'counts.acknowledged': 'confirmed {count}',
  'counts.told': 'told in person {count}',

  'remind.title': 'Send reminder',
  'remind.displayed': { one: '{count} candidate has not seen it.', other: '{count} candidates have not seen it.' },
  'remind.acknowledged': { one: '{count} candidate has not confirmed it.', other: '{count} candidates have not confirmed it.' },
  'remind.what': 'They get the same text once more, as “{subject}”. Who has seen it by the time you send, or was told in person, gets nothing.',
  'remind.whatAcknowledged': 'They get the same text once more, as “{subject}”. Anyone who confirms before you send, or was told in person, is skipped.',
  'remind.go': 'Remind {count}',
  'remind.subject': 'Reminder: {subject}',
  'remind.sent': { one: 'Reminded {count} candidate', other: 'Reminded {count} candidates' },
  'remind.merged': '{name} has just reminded the same candidates: no second reminder was sent',
  'remind.none': 'Nobody of them can be reminded by you.',
  'remind.open': 'Its board',

  'told.title': 'Told in person',
  'told.what': { one: 'Records that you told {count} candidate in person, with your name and the time. It can be taken back for ten minutes.', other: 'Records that you told {count} candidates in person, with your name and the time. It can be taken back for ten minutes.' },
  'told.note': 'Note (optional)',
  'told.noteHint': 'For the record, not seen by candidates',
  'told.go': 'Record {count}',
  'told.done': { one: '{count} candidate noted as told in person', other: '{count} candidates noted as told in person' },
} as const

export const staffByLanguage = { en: { ...common, ...staff, ...send, ...board, ...log, ...conversation, ...compose, ...dock, ...messages, ...people, ...deliveries, ...consent } }

/** The staff pages' `t`: their own strings and the common ones. */
export const t = translator(staffByLanguage)

const words = staffByLanguage.en

/** Our own word for a code from the server, or what stands instead. */
const wordOf = (key: string, otherwise: string): string => (key in words ? (t as (key: string) => string)(key) : otherwise)

/** Why someone cannot be written to, in our own words; a reason new to this page in the server's. */
export const reasonWord = (blocked: { code: string; text: string }): string => wordOf(`reason.${blocked.code}`, blocked.text)

/** The word for a code from the server that only staff meet: a kind of entry, a presence. A new code shows as itself. */
export const staffWord = (kind: 'kind' | 'presence', code: string): string => wordOf(`${kind}.${code}`, code)
