import { confirm, expect, popup, settle, test, upToDate } from './candidate-people'

test('two tabs and a second device: shown on all, confirmed once, gone everywhere', async ({ candidate }) => {
  await candidate.enrol()
  const context = await candidate.device()
  const [one, two] = [await context.newPage(), await context.newPage()]
  await one.goto(`/test/${candidate.test}`)
  await two.goto('/')
  const other = await candidate.page('/')
  for (const page of [one, two, other]) await upToDate(page)

  const sent = await candidate.send('Everywhere')
  for (const page of [one, two, other]) await expect(popup(page)).toHaveAccessibleName('Everywhere')
  await confirm(other)
  for (const page of [one, two, other]) await expect(popup(page)).toHaveCount(0)
  await candidate.reaches(sent, 'acknowledged')
  await expect(two.locator('[data-message]').first()).not.toContainText('unread')
})

test('without a network the other tab knows all the same, and the server later', async ({ candidate }) => {
  await candidate.enrol()
  const context = await candidate.device()
  const [one, two] = [await context.newPage(), await context.newPage()]
  for (const page of [one, two]) {
    await page.goto('/')
    await upToDate(page)
  }
  const sent = await candidate.send('Before the cut')
  for (const page of [one, two]) await expect(popup(page)).toBeVisible()
  await candidate.reaches(sent, 'displayed')
  await context.setOffline(true)
  await confirm(one)
  await expect(popup(two)).toHaveCount(0)
  expect((await candidate.receipt(sent)).state).toBe('displayed')
  await context.setOffline(false)
  await candidate.reaches(sent, 'acknowledged')
})

test('a page that is not in view has it delivered, not displayed', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.page('/')
  await page.addInitScript(() => {
    // Headless tabs are always in view: say otherwise until told.
    let state = 'hidden'
    Object.defineProperty(document, 'visibilityState', { get: () => state })
    Object.assign(window, {
      comeIntoView: () => {
        state = 'visible'
        document.dispatchEvent(new Event('visibilitychange'))
      },
    })
  })
  await page.reload()
  await upToDate(page)
  const sent = await candidate.send('Behind another window')
  await expect(popup(page)).toBeVisible()
  await candidate.reaches(sent, 'delivered')
  await settle(page)
  expect((await candidate.receipt(sent)).displayed_at).toBeFalsy()
  await page.evaluate(() => (window as unknown as { comeIntoView(): void }).comeIntoView())
  await candidate.reaches(sent, 'displayed')
})

test('a confirmation on the way out arrives all the same', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.page('/')
  await upToDate(page)
  const sent = await candidate.send('Last words')
  await expect(popup(page)).toBeVisible()
  await candidate.reaches(sent, 'displayed')
  await settle(page)
  // Confirmed and left in the same breath.
  await page.evaluate(() => {
    // As a person presses it: the pop-up judges presses.
    const button = document.querySelector<HTMLElement>('[role=alertdialog] footer button')!
    button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))
    button.click()
    location.assign('/livez')
  })
  await candidate.reaches(sent, 'acknowledged')
})
