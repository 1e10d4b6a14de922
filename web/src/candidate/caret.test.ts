import { expect, test } from 'vitest'
import { typed } from './caret'

const press = (key: string, change: object = {}) => ({ key, ctrlKey: false, metaKey: false, isComposing: false, keyCode: 0, getModifierState: () => false, ...change })

test('letters, lines and Backspace write where the caret was; all else writes nothing', () => {
  const text = 'one two'
  expect(typed(press('t'), text, [3, 3], true)).toEqual([3, 3, 't'])
  expect(typed(press(' '), text, [0, 3], true)).toEqual([0, 3, ' ']) // in place of what was selected
  expect(typed(press('𝒳'), text, [3, 3], true)).toEqual([3, 3, '𝒳'])
  expect(typed(press('Enter'), text, [3, 3], true)).toEqual([3, 3, '\n'])
  expect(typed(press('Enter'), text, [3, 3], false)).toBeUndefined() // a field of one line sends nothing either
  expect(typed(press('Backspace'), text, [3, 3], true)).toEqual([2, 3, ''])
  expect(typed(press('Backspace'), text, [0, 0], true)).toEqual([0, 0, ''])
  expect(typed(press('Backspace'), 'a👩‍👩‍👧', [9, 9], true)).toEqual([1, 9, '']) // a family goes as one
  for (const key of ['Escape', 'Tab', 'Shift', 'ArrowLeft', 'F5', 'Dead']) expect(typed(press(key), text, [3, 3], true)).toBeUndefined()
  expect(typed(press('v', { ctrlKey: true }), text, [3, 3], true)).toBeUndefined()
  expect(typed(press('€', { ctrlKey: true, getModifierState: () => true }), text, [3, 3], true)).toEqual([3, 3, '€'])
  expect(typed(press('Enter', { keyCode: 229 }), text, [3, 3], true)).toBeUndefined()
})
