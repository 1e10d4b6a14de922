import { accessible, confirm, expect, popup, settle, shot, test } from './candidate-people'

test('a message appears over the running test, and focus and caret come back exactly', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  const answer = page.getByLabel('Your answer')
  await answer.fill(Array.from({ length: 80 }, (_, i) => `Line ${i + 1} of the answer`).join('\n'))
  await answer.evaluate((area: HTMLTextAreaElement) => {
    area.setSelectionRange(700, 712, 'backward')
    area.scrollTop = 420
  })
  const place = () =>
    answer.evaluate((area: HTMLTextAreaElement) => ({ focus: document.activeElement === area, start: area.selectionStart, end: area.selectionEnd, direction: area.selectionDirection, scroll: area.scrollTop }))
  const before = await place()
  expect(before).toMatchObject({ focus: true, start: 700, end: 712, direction: 'backward' })

  const sent = await candidate.send('Question 7b', 'Read ≤ instead of <.\n\nNothing else changes.')
  await expect(popup(page)).toBeVisible()
  await expect(popup(page)).toHaveAccessibleName('Question 7b')
  await expect(popup(page)).toHaveAccessibleDescription(/Mathematics 1, Hall A.*Read ≤ instead of </s)
  await expect(popup(page)).toContainText('Margaret Osei, Planner')
  // The card has the focus, not its button.
  expect(await page.evaluate(() => document.activeElement?.classList.contains('card'))).toBe(true)
  await candidate.reaches(sent, 'displayed')
  await accessible(page)
  await shot(page, 'popup')

  await confirm(page)
  await expect(popup(page)).toHaveCount(0)
  expect(await place()).toEqual(before)
  await candidate.reaches(sent, 'acknowledged')
  // Found again beside the answer.
  await expect(page.getByRole('region', { name: 'Messages in this test' })).toContainText('Question 7b')
})

test('typing is not interrupted mid-word, and no key of it confirms', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  const answer = page.getByLabel('Your answer')
  await answer.focus()
  await page.keyboard.type('Before ')
  const sent = await candidate.send('Mind the gap')
  const began = Date.now()
  let appeared = 0
  // Typing on without a pause, spaces and Enters included, for longer than a message waits.
  for (let i = 0; Date.now() - began < 5000; i++) {
    await page.keyboard.press(['a', 'b', ' ', 'Enter', 'c'][i % 5]!, { delay: 20 })
    if (!appeared && (await popup(page).isVisible())) appeared = Date.now()
    await page.waitForTimeout(80)
  }
  // It waited, but not for ever.
  expect(appeared - began).toBeGreaterThan(1500)
  expect(appeared - began).toBeLessThan(4500)
  await expect(popup(page)).toBeVisible()
  await candidate.reaches(sent, 'displayed')
  // What was typed before it came is all there, and nothing after it.
  const typed = await answer.inputValue()
  await settle(page)
  await page.keyboard.press('Enter')
  await page.keyboard.press(' ')
  await expect(popup(page)).toBeVisible()
  expect(await answer.inputValue()).toBe(typed)
  expect((await candidate.receipt(sent)).state).toBe('displayed')
})

test('a pause in typing is enough', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  await page.getByLabel('Your answer').focus()
  await page.evaluate(() => {
    const appears = new Promise<number>((resolve) => {
      let last = 0
      addEventListener('keydown', () => (last = performance.now()), true)
      const observer = new MutationObserver(() => {
        if (!document.querySelector('[role=alertdialog]')) return
        observer.disconnect()
        resolve(performance.now() - last)
      })
      observer.observe(document, { childList: true, subtree: true })
    })
    Object.assign(window, { appears })
  })
  await page.keyboard.type('one two', { delay: 50 })
  await candidate.send('After a pause')
  await page.keyboard.type(' three', { delay: 50 })
  const pause = await page.evaluate(() => (window as unknown as { appears: Promise<number> }).appears)
  expect(pause).toBeGreaterThanOrEqual(750)
  expect(pause).toBeLessThan(2500)
})

test('several wait in a queue: oldest first, counted, by keyboard alone, and a held Enter confirms none', async ({ candidate }) => {
  await candidate.enrol()
  const sent = [await candidate.send('First'), await candidate.send('Second'), await candidate.send('Third')]
  const page = await candidate.sit()
  for (const [i, subject] of ['First', 'Second', 'Third'].entries()) {
    await expect(popup(page)).toHaveAccessibleName(subject)
    await expect(popup(page)).toContainText(`${i + 1} of 3`)
    if (i === 0) {
      await candidate.reaches(sent[0]!, 'displayed')
      // What stands behind it has not been displayed.
      await expect.poll(async () => (await candidate.receipt(sent[1]!)).state).toBe('delivered')
      await shot(page, 'popup-queue')
    }
    await settle(page)
    await page.keyboard.press('Tab')
    await expect(popup(page).getByRole('button', { name: 'OK' })).toBeFocused()
    await page.keyboard.down('Enter')
    if (i < 2) {
      await expect(popup(page)).toContainText(`${i + 2} of 3`)
      // The key is still down and repeats.
      for (let k = 0; k < 10; k++) await page.keyboard.down('Enter')
      await expect(popup(page)).toContainText(`${i + 2} of 3`)
    }
    await page.keyboard.up('Enter')
  }
  await expect(popup(page)).toHaveCount(0)
  for (const one of sent) await candidate.reaches(one, 'acknowledged')
})

test('Enter and Space within the grace do nothing, nor a double click that was under way', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  // As soon as the button is there it has the focus, as if someone had been tabbing.
  await page.evaluate(() => {
    const early = new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        const button = document.querySelector<HTMLElement>('[role=alertdialog] footer button')
        if (!button) return
        observer.disconnect()
        button.focus()
        resolve()
      })
      observer.observe(document, { childList: true, subtree: true })
    })
    Object.assign(window, { early })
  })
  await candidate.send('Quick fingers')
  await page.evaluate(() => (window as unknown as { early: Promise<void> }).early)
  await page.keyboard.press('Enter')
  await page.keyboard.press(' ')
  await popup(page).getByRole('button', { name: 'OK' }).click({ timeout: 300, force: true }).catch(() => {})
  await expect(popup(page)).toBeVisible()
  await confirm(page)
  await expect(popup(page)).toHaveCount(0)
})

test('Esc sets aside: unread, not confirmed, and it can be brought back', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  await page.getByLabel('Your answer').focus()
  const sent = await candidate.send('Later')
  await expect(popup(page)).toBeVisible()
  await settle(page)
  await page.keyboard.press('Escape')
  await expect(popup(page)).toHaveCount(0)
  await expect(page.getByLabel('Your answer')).toBeFocused()
  expect((await candidate.receipt(sent)).state).toBe('displayed')
  await expect(page.getByText('1 message set aside for later')).toBeVisible()
  // Also after a reload.
  await page.reload()
  await expect(page.getByText('1 message set aside for later')).toBeVisible()
  await expect(popup(page)).toHaveCount(0)
  await accessible(page)
  await page.getByRole('button', { name: 'Show now' }).click()
  await expect(popup(page)).toHaveAccessibleName('Later')
  await confirm(page)
  await candidate.reaches(sent, 'acknowledged')
  await expect(page.getByText('set aside')).toHaveCount(0)
})

test('a reload in the middle shows what was not confirmed again', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  const sent = await candidate.send('Read me')
  await expect(popup(page)).toBeVisible()
  await candidate.reaches(sent, 'displayed')
  await page.reload()
  await expect(popup(page)).toHaveAccessibleName('Read me')
  await confirm(page)
  await candidate.reaches(sent, 'acknowledged')
  await page.reload()
  await expect(page.getByLabel('Your answer')).toBeVisible()
  await settle(page)
  await expect(popup(page)).toHaveCount(0)
})

test('what is typed as the pop-up comes goes to where the caret was, and confirms nothing', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  const answer = page.getByLabel('Your answer')
  await answer.fill('one  three')
  await answer.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(4, 4))
  // The moment the card stands there: keys that were on their way.
  await page.evaluate(() => {
    const typed = new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        const card = document.querySelector<HTMLDialogElement>('[role=alertdialog]')
        if (!card?.open) return
        observer.disconnect()
        for (const key of ['t', 'w', 'x', 'Backspace', 'o', 'Enter', ' ']) document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
        resolve()
      })
      observer.observe(document, { childList: true, subtree: true, attributes: true })
    })
    Object.assign(window, { typed })
  })
  const sent = await candidate.send('Question 3', 'Read it again.')
  await page.evaluate(() => (window as unknown as { typed: Promise<void> }).typed)
  await expect(popup(page)).toBeVisible()
  await expect(answer).toHaveValue('one two\n  three')
  await settle(page)
  await page.keyboard.type('late')
  await expect(answer).toHaveValue('one two\n  three')
  expect((await candidate.receipt(sent)).state).toBe('displayed')
  await confirm(page)
  await expect(answer).toBeFocused()
  expect(await answer.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe(9)
  await page.keyboard.type('!')
  await expect(answer).toHaveValue('one two\n ! three')
})
