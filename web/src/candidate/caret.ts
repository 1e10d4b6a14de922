import { composing, isEnter } from '../lib/keys'

/** Where a person was when a pop-up took the focus. */
export type Place = {
  /** Brings them back exactly there. */
  back(): void
  /** Writes the text of a key press where the caret was, as if the pop-up were not there. False: it writes nothing there. */
  type(event: KeyboardEvent): boolean
}

/** Remembers where a person is: element, caret or selection, scroll. */
export function rememberPlace(): Place {
  const element = document.activeElement
  if (!(element instanceof HTMLElement) || element === document.body) return { back() {}, type: () => false }

  const scroll = { top: element.scrollTop, left: element.scrollLeft }
  const page = { x: scrollX, y: scrollY }
  const text = element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement ? element : undefined
  // selectionStart is null for inputs that have no caret (checkboxes, numbers).
  let caret: [number, number, 'forward' | 'backward' | 'none'] | undefined
  if (text && text.selectionStart !== null) caret = [text.selectionStart, text.selectionEnd ?? text.selectionStart, text.selectionDirection ?? 'none']
  const selection = element.isContentEditable ? getSelection() : null
  const range = selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : undefined

  return {
    back() {
      if (!element.isConnected) return
      element.focus({ preventScroll: true })
      if (text && caret) text.setSelectionRange(...caret)
      if (range) {
        const now = getSelection()
        now?.removeAllRanges()
        now?.addRange(range)
      }
      element.scrollTop = scroll.top
      element.scrollLeft = scroll.left
      if (scrollX !== page.x || scrollY !== page.y) scrollTo(page.x, page.y)
    },
    type(event) {
      if (!element.isConnected) return false
      if (text && caret && !text.readOnly && !text.disabled) {
        const change = typed(event, text.value, caret, text instanceof HTMLTextAreaElement)
        if (!change) return false
        const [from, until, letters] = change
        if (text.maxLength >= 0 && text.value.length - (until - from) + letters.length > text.maxLength) return true
        text.setRangeText(letters, from, until, 'end')
        caret = [from + letters.length, from + letters.length, 'none']
      } else if (range) {
        const change = typed(event, '', [0, 0], true)
        if (!change?.[2]) return false
        range.deleteContents()
        range.insertNode(document.createTextNode(change[2]))
        range.collapse(false)
      } else return false
      element.dispatchEvent(new InputEvent('input', { bubbles: true }))
      return true
    },
  }
}

/**
 * What a key press changes in a text with its caret or selection: from, until, and the letters that come between. Undefined for
 * keys that write nothing.
 */
export function typed(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'getModifierState' | 'isComposing' | 'keyCode'>,
  text: string,
  [from, until]: readonly [number, number, ...unknown[]],
  lines: boolean,
): [from: number, until: number, letters: string] | undefined {
  // AltGr is Ctrl + Alt on some systems, Option alone on others: both write letters.
  if (composing(event)) return undefined
  if ((event.ctrlKey && !event.getModifierState('AltGraph')) || event.metaKey) return undefined
  if (isEnter(event)) return lines ? [from, until, '\n'] : undefined
  if (event.key === 'Backspace') return from === until ? [from - lastLength(text.slice(0, from)), until, ''] : [from, until, '']
  return [...event.key].length === 1 ? [from, until, event.key] : undefined
}

/** The length of the last character that a reader sees as one. */
function lastLength(text: string): number {
  // The last few hundred units hold it, however long the text is.
  const end = text.slice(-256)
  return [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(end)].at(-1)?.segment.length ?? 0
}
