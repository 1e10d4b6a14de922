import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { composing, isEnter, isSendKey } from './keys'

const press = (change: object = {}) => ({ key: 'Enter', isComposing: false, keyCode: 13, ctrlKey: false, metaKey: false, ...change })

test('Enter that ends a composition is not Enter, however the browser reports it', () => {
  expect(isEnter(press())).toBe(true)
  expect(isEnter(press({ isComposing: true }))).toBe(false) // Chromium, Firefox
  expect(isEnter(press({ keyCode: 229 }))).toBe(false) // Safari, after compositionend
  expect(isEnter(press({ key: ' ' }))).toBe(false)
  expect(isSendKey(press())).toBe(false)
  expect(isSendKey(press({ ctrlKey: true }))).toBe(true)
  expect(isSendKey(press({ metaKey: true }))).toBe(true)
  expect(isSendKey(press({ metaKey: true, keyCode: 229 }))).toBe(false)
  expect(composing(press({ key: 'Escape', keyCode: 229 }))).toBe(true)
})

test('no component handles Enter without the guard', () => {
  const src = join(import.meta.dirname, '..')
  const bare = /key\s*[!=]==?\s*['"]Enter['"]|['"]Enter['"]\s*[!=]==?|case\s+['"]Enter['"]|\[\s*['"]Enter['"][^\]]*\]\.includes|\bEnter\s*:|isComposing/
  const found: string[] = []
  let read = 0
  for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(svelte|ts)$/.test(name) || name.endsWith('.test.ts') || name === join('lib', 'keys.ts')) continue
    read++
    readFileSync(join(src, name), 'utf8')
      .split('\n')
      .forEach((line, i) => bare.test(line) && !line.includes('Pick<KeyboardEvent') && found.push(`${relative(src, join(src, name))}:${i + 1}: ${line.trim()}`))
  }
  expect(read).toBeGreaterThan(200)
  expect(found).toEqual([])
})
