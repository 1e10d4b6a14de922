import { translator } from './translate.svelte'

/** Strings that every page may need: controls, connection, errors, sign-in. */
export const common = {
  'app.name': 'Crier',
  'app.skip': 'Skip to the content',
  'app.loading': 'Loading…',

  'do.close': 'Close',
  'do.cancel': 'Cancel',
  'do.retry': 'Try again',
  'do.clear': 'Clear',
  'do.signIn': 'Sign in',
  'do.signOut': 'Sign out',

  'field.left': { one: '{count} character left', other: '{count} characters left' },
  'field.over': { one: '{count} character too many', other: '{count} characters too many' },
  'field.of': '{used} of {limit}',

  'connection.connecting': 'Connecting…',
  'connection.catchingUp': 'Connected · fetching what you missed…',
  'connection.upToDate': 'Connected · up to date {time}',
  'connection.reconnecting': 'Reconnecting…',
  'connection.reconnectingSafe': 'Reconnecting… Your answers are not affected.',
  'connection.polling': 'Live connection blocked; checking every 10 seconds',
  'connection.offline': 'Offline',
  'connection.offlineSafe': 'Offline. Messages will appear when the network is back. Your answers are not affected.',
  'connection.stopped.signedOut': 'Your session has expired',
  'connection.stopped.refused': 'Not allowed to connect',
  'connection.stopped.outdated': 'This page is out of date: reload it',
  'connection.storageDown': 'Connected · the server cannot store anything at the moment',

  'error.network.title': 'The server could not be reached',
  'error.network': 'The server could not be reached. Nothing was lost; check the network and try again.',
  'error.unavailable': 'The server cannot do this at the moment. Nothing was lost; try again shortly.',
  'error.unavailableIn': {
    one: 'The server cannot do this at the moment. Try again in {count} second.',
    other: 'The server cannot do this at the moment. Try again in {count} seconds.',
  },
  'error.unknownOutcome': 'The answer was lost on the way. Try again: nothing will be done twice.',
  'error.rateLimited': {
    one: 'Too many tries. Wait {count} second, then try again.',
    other: 'Too many tries. Wait {count} seconds, then try again.',
  },
  'error.forbidden': 'You are not allowed to do this.',
  'error.notFound': 'This does not exist, or it is not yours to see.',
  'error.internal': 'Something went wrong on the server. Nothing was lost; try again. Reference: {request}',

  'session.over.title': 'Your session has expired',
  'session.over.body': 'You were signed out, or did nothing for too long. Sign in again: everything here is as you left it.',
  'session.ends.title': 'You will be signed out soon',
  'session.ends.minutes': { one: 'You have not used this page for a while. You are signed out in {count} minute.', other: 'You have not used this page for a while. You are signed out in {count} minutes.' },
  'session.ends.seconds': { one: 'You have not used this page for a while. You are signed out in {count} second.', other: 'You have not used this page for a while. You are signed out in {count} seconds.' },
  'session.ends.body': 'What you have written stays here either way.',
  'session.ends.last': 'This sign-in has lasted as long as it may: sign in again then. What you have written stays here.',
  'session.ends.stay': 'Stay signed in',
  'session.ends.understood': 'I understand',

  'signin.title': 'Sign in',
  'signin.organisation': 'Organisation',
  'signin.organisationHint': 'The short name from your invitation',
  'signin.login': 'Login',
  'signin.password': 'Password',
  'signin.show': 'Show password',
  'signin.hide': 'Hide password',
  'signin.submit': 'Sign in',
  'signin.busy': 'Signing in…',
  'signin.missing.organisation': 'Write the organisation’s short name',
  'signin.missing.login': 'Enter your login',
  'signin.missing.password': 'Write your password',
  'signin.wrong': 'Login or password is wrong. Check both; capital letters count in the password.',
  'signin.again': 'Your session has expired. Sign in again to go on where you were.',
  'signin.wait': 'Very many people are signing in, or there were wrong passwords before. You need not do anything: the same is tried again by itself.',
  'signin.seconds': { one: 'Next try in {count} second', other: 'Next try in {count} seconds' },
  'signin.out': 'You are signed out.',

  'role.admin': 'Administrator',
  'role.planner': 'Planner',
  'role.chief_invigilator': 'Chief invigilator',
  'role.invigilator': 'Invigilator',
  'role.coordinator': 'Coordinator',
  'role.candidate': 'Candidate',
  'role.integration': 'Automatic message',

  'progress.not_started': 'not started',
  'progress.in_progress': 'in progress',
  'progress.submitted': 'submitted',

  'state.queued': 'waiting',
  'state.delivered': 'delivered',
  'state.displayed': 'displayed',
  'state.acknowledged': 'confirmed',

  'push.device': 'Notify me on this device',
  'push.hint': 'Also while this page is closed.',
  'push.denied': 'This browser forbids notifications for this site; allow them in its settings first.',
  'push.failed': 'This browser could not be set up for notifications. Try again later, or use another browser.',

  'notFound.title': 'There is no such page',
  'notFound.body': 'The address may be mistyped, or the page has moved.',
  'notFound.home': 'To the start page',
} as const

export const commonByLanguage = { en: common }

export const t = translator(commonByLanguage)

type Word = Extract<keyof typeof common, `role.${string}` | `progress.${string}` | `state.${string}`>

/** The word for a code from the server (a role, a progress, a state), or the code itself if it is new to this page. */
export function word(kind: 'role' | 'progress' | 'state', code: string): string {
  const key = `${kind}.${code}`
  return key in common ? t(key as Word) : code
}
