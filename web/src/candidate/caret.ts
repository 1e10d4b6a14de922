/** Remembers where a person was (element, caret or selection, scroll) and brings them back exactly there. */
export function rememberPlace(): () => void {
  const element = document.activeElement
  if (!(element instanceof HTMLElement) || element === document.body) return () => {}

  const scroll = { top: element.scrollTop, left: element.scrollLeft }
  const page = { x: scrollX, y: scrollY }
  const text = element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement ? element : undefined
  // selectionStart is null for inputs that have no caret (checkboxes, numbers).
  const caret = text && text.selectionStart !== null ? ([text.selectionStart, text.selectionEnd, text.selectionDirection ?? 'none'] as const) : undefined
  const selection = element.isContentEditable ? getSelection() : null
  const range = selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : undefined

  return () => {
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
  }
}
