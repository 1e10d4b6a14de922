import { common } from './common'
import { translator } from './translate.svelte'

/** Strings of the candidate's pages. */
export const candidate = {
  'home.title': 'Your tests',
  'home.titleUnread': { one: '{count} unread message · Your tests', other: '{count} unread messages · Your tests' },
  'home.none.title': 'No tests yet',
  'home.none.body': 'When your organisation enrols you in a test, it appears here.',
  'home.failed': 'Your tests could not be read',
  'home.hello': 'Signed in as {name}',

  'test.seat': 'Seat {seat}',
  'test.extra': '+{minutes} min extra time',
  'test.from': 'from {time}',
  'test.until': '{from} to {until}',
  'test.ends': 'ends {time}',
  'test.left': '{time} left',
  'test.over': 'Time is up',
  'test.open': 'Open the test',
  'test.back': 'Your tests',

  'sitting.standIn': 'This page stands for the exam system. What you write stays in this browser and is not handed in.',
  'sitting.answer': 'Your answer',
  'sitting.words': { one: '{count} word', other: '{count} words' },
  'sitting.kept': 'kept in this browser',
  'sitting.notKept': 'not kept: this browser forbids storage',
  'sitting.timeLeft': 'Time left',
  'sitting.messages': 'Messages in this test',
  'sitting.noMessages': 'Messages from the invigilators appear over this page and stay here.',
  'sitting.notStarted': 'This test has not started for you yet.',
  'sitting.submitted': 'You have submitted this test.',
  'sitting.unknown.title': 'This is not one of your tests',
  'sitting.unknown.body': 'The address may be mistyped, or you are no longer enrolled in it.',

  'inbox.title': 'Messages',
  'inbox.unread': { one: '{count} unread', other: '{count} unread' },
  'inbox.search': 'Search messages',
  'inbox.found': { one: '{count} message found', other: '{count} messages found' },
  'inbox.none.title': 'No messages yet',
  'inbox.none.body': 'What invigilators and your organisation write to you appears on your screen and is kept here.',
  'inbox.nothing.title': 'Nothing found',
  'inbox.nothing.body': 'No message contains “{query}”.',
  'inbox.choose.title': 'Choose a message to read it',
  'inbox.choose.body': 'Arrow keys move through the list, Enter opens.',
  'inbox.failed': 'Your messages could not be read',
  'inbox.new': 'unread',
  'inbox.reminder': 'Reminder',
  'inbox.from': 'From',
  'inbox.sent': 'Sent',
  'inbox.where': 'Test',
  'inbox.read': 'Message',
  'inbox.back': 'All messages',
  'inbox.aside': { one: '{count} message set aside for later', other: '{count} messages set aside for later' },
  'inbox.showAside': 'Show now',

  'popup.ok': 'OK',
  'popup.of': '{at} of {of}',
  'popup.esc': 'Esc: read later',
  'popup.sentAt': 'sent {time}',
  'popup.title': 'Message',
  'popup.pageTitle': { one: '{count} new message', other: '{count} new messages' },

  'keys.title': 'Keys',
  'keys.search': 'Search messages',
  'keys.move': 'Move through the list',
  'keys.open': 'Open a message',
  'keys.close': 'Close a message, or read a pop-up later',
  'keys.help': 'This list',
} as const

export const candidateByLanguage = { en: { ...common, ...candidate } }

/** The candidate pages' `t`: their own strings and the common ones. */
export const t = translator(candidateByLanguage)
