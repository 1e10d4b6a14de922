import { accessible, expect, shot, test } from './staff-server'

type Sent = { broadcast: { id: string } }

test('the board fills by itself; who has not comes first; told, reminded, printed', async ({ browser, server }) => {
  const exam = await server.test('Mathematics 1')
  const { broadcast } = await server.api<Sent>('chief', 'POST', `/tests/${exam}/broadcasts`, {
    key: `board-${Date.now()}`,
    subject: 'Please stay seated',
    body: 'The alarm at 12:00 is a drill.',
    recipients: { filter: {} },
  })
  const page = await server.open(browser, 'chief', `/staff/broadcasts/${broadcast.id}`)
  await expect(page.getByRole('heading', { name: 'Please stay seated' })).toBeVisible()
  const notSeen = page.getByRole('button', { name: /^Who has not seen it/ })
  await expect(notSeen).toHaveAttribute('aria-pressed', 'true')

  // The simulated hall reads: the page follows without a reload.
  const confirmed = page.getByRole('region', { name: 'How far it has come' }).locator('.acknowledged .n')
  await expect(async () => expect(Number(await confirmed.textContent())).toBeGreaterThan(20)).toPass({ timeout: 30_000 })
  await expect(page.getByRole('row', { name: /Sara Amin/ })).toContainText('waiting')
  await accessible(page)
  await shot(page, 'board')

  // Told in person.
  await page.getByRole('checkbox', { name: 'Tick Sara Amin' }).check()
  await page.getByRole('button', { name: 'Told in person: 1…' }).click()
  const told = page.getByRole('dialog', { name: 'Told in person' })
  await told.getByLabel('Note (optional)').fill('At the desk')
  await accessible(page)
  await page.keyboard.press('Enter')
  await expect(told).toHaveCount(0)
  await expect(page.getByRole('row', { name: /Sara Amin/ })).toHaveCount(0)
  await page.getByRole('button', { name: /^Everyone/ }).click()
  await page.getByLabel('Search name, id or seat').fill('sara')
  await expect(page.getByRole('row', { name: /Sara Amin/ })).toContainText('by Ingrid Solberg')
  await expect(page.getByRole('row', { name: /Sara Amin/ })).toContainText('At the desk')
  await page.getByLabel('Search name, id or seat').fill('')
  await shot(page, 'board-all')

  // Remind only those.
  await notSeen.click()
  const remind = page.getByRole('button', { name: /^Remind \d+…/ })
  const count = Number(/\d+/.exec((await remind.textContent()) ?? '')?.[0])
  await remind.click()
  const dialog = page.getByRole('dialog', { name: 'Send reminder' })
  await expect(dialog).toContainText(`${count} candidates have not seen it`)
  await expect(dialog).toContainText('Reminder: Please stay seated')
  await accessible(page)
  await dialog.getByRole('button', { name: `Remind ${count}` }).click()
  await expect(page.getByText(`Reminded ${count} candidates`)).toBeVisible()
  await page.getByRole('button', { name: 'Its board' }).click()
  await expect(page.getByRole('heading', { name: 'Reminder: Please stay seated' })).toBeVisible()
  await expect(page.getByText(`${count} recipients`)).toBeVisible()
  await page.getByRole('link', { name: 'A reminder of an earlier sending' }).click()
  await expect(page.getByRole('heading', { name: 'Please stay seated', exact: true })).toBeVisible()

  // On paper: a page per room with seats, and nothing of the screen.
  await page.emulateMedia({ media: 'print' })
  await expect(page.locator('.paper section').first()).toBeVisible()
  await expect(page.getByRole('button', { name: /^Remind/ })).toBeHidden()
  await expect(page.locator('.paper section')).toHaveCount(await page.locator('.paper h2').count())
  await expect(page.locator('.paper h2').first()).toContainText('Hall A')
  await expect(page.locator('.paper tbody tr')).toHaveCount(count)
  await shot(page, 'print')
})

test('an invigilator sees the recipients of their room alone', async ({ browser, server }) => {
  const exam = await server.test('Mathematics 1')
  const { broadcast } = await server.api<Sent>('chief', 'POST', `/tests/${exam}/broadcasts`, {
    key: `room-${Date.now()}`,
    subject: 'To everyone',
    body: 'x',
    recipients: { filter: {} },
  })
  const page = await server.open(browser, 'anna', `/staff/broadcasts/${broadcast.id}?show=all`)
  await expect(page.getByRole('button', { name: 'Everyone 36' })).toBeVisible()
})

test('a board that is not there says so', async ({ browser, server }) => {
  const page = await server.open(browser, 'chief', '/staff/broadcasts/AAAAAAAAAAAAAAAAAAAAAA')
  await expect(page.getByText('The board could not be loaded')).toBeVisible()
  await accessible(page)
})
