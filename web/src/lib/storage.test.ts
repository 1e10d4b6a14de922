import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { stubStorage } from '../../test/unit/kept'
import { enter, leave, local, onOther, tab } from './storage'

afterEach(() => {
  leave()
  vi.unstubAllGlobals()
})

test('what one person keeps is there after a reload and a new sign-in of theirs, and for nobody else', () => {
  const browser = stubStorage('sara')
  for (const store of [local, tab]) store.setItem('answer.t1', 'The Normans')
  enter('sara')
  expect([local.getItem('answer.t1'), tab.getItem('answer.t1')]).toEqual(['The Normans', 'The Normans'])
  enter('ola')
  expect([local.getItem('answer.t1'), tab.getItem('answer.t1')]).toEqual([null, null])
  expect(JSON.stringify([browser.local, browser.tab])).not.toMatch(/sara|Normans/)
})

test('signing out leaves nothing, nor what earlier versions kept, and touches nothing of others', () => {
  const { local: all, tab: mine } = stubStorage('sara')
  all.setItem('crier.answer sara t1', 'old')
  all.setItem('other-app', 'theirs')
  local.setItem('answer.t1', 'The Normans')
  tab.setItem('draft.g', '{}')
  leave()
  expect([Object.keys(all), Object.keys(mine)]).toEqual([['other-app'], []])
  local.setItem('answer.t1', 'a timer that comes late')
  tab.setItem('draft.g', 'a timer that comes late')
  local.removeItem('answer.t1')
  expect([Object.keys(all), Object.keys(mine), local.getItem('answer.t1')]).toEqual([['other-app'], [], null])
})

test('an earlier version’s keys go when a person comes in', () => {
  const { local: all } = stubStorage('sara')
  all.setItem('crier.reply.sara.g', 'old')
  enter('sara')
  expect(Object.keys(all)).toEqual(['crier:who'])
})

test('another tab that signs out, or signs another person in, is heard; the same person’s is not', () => {
  stubStorage('sara')
  let hear: (event: object) => void = () => {}
  Object.assign(window, { addEventListener: (_: string, fn: typeof hear) => (hear = fn) })
  const told: string[] = []
  onOther((person) => told.push(person))
  for (const event of [{ key: 'crier:who', newValue: 'sara' }, { key: 'another', newValue: 'x' }, { key: null, newValue: null }]) hear(event)
  expect(told).toEqual([])
  hear({ key: 'crier:who', newValue: null })
  hear({ key: 'crier:who', newValue: 'ola' })
  expect(told).toEqual(['', 'ola'])
})

test('denied storage is no error when a person comes in or goes', () => {
  stubStorage('sara')
  const denied = () => {
    throw new DOMException('denied', 'SecurityError')
  }
  vi.stubGlobal('window', Object.defineProperties({}, { localStorage: { get: denied }, sessionStorage: { get: denied } }))
  expect(() => (enter('sara'), leave())).not.toThrow()
})

test('no other file of the pages touches the browser’s storage', () => {
  const root = join(import.meta.dirname, '..')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => /\.(ts|svelte)$/.test(f) && !f.endsWith('.test.ts'))
  expect(files.length).toBeGreaterThan(100)
  const found = files.filter((f) => /\b(localStorage|sessionStorage|indexedDB|document\.cookie|caches\.open)\b/.test(readFileSync(join(root, f), 'utf8').replace(/\/\*[^]*?\*\//g, '')))
  expect(found).toEqual([join('lib', 'storage.ts')])
})
