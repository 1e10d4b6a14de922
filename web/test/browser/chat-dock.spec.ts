import { anna, chat, pool, reply, send, staff, windowOf } from './chat-people'
import { expect, shot, test } from './staff-server'

test('two windows beside each other, a live reply, and both survive a reload', async ({ browser, server }) => {
  const { people } = await pool(server, 'DOCK', 3)
  const [first, second] = people as [(typeof people)[0], (typeof people)[0]]
  await send(server, anna, first, 'Can you come on Monday?')
  const page = await staff(server, browser, anna)

  const one = await chat(page, first)
  await expect(one.getByText('Can you come on Monday?', { exact: true })).toBeVisible()
  await expect(one.getByText('You', { exact: true })).toBeVisible()
  const two = await chat(page, second)
  await expect(one).toBeVisible()
  const [a, b] = [await one.boundingBox(), await two.boundingBox()]
  expect(Math.abs(a!.x - b!.x)).toBeGreaterThan(339)

  await two.getByRole('textbox', { name: /^Message to/ }).fill('Hello there')
  await page.keyboard.press('Enter')
  await expect(two.getByText('Hello there', { exact: true })).toBeVisible()
  await expect(two.getByText('sent', { exact: true })).toBeVisible()

  await reply(server, first, 'Monday is fine')
  await expect(one.getByText('Monday is fine', { exact: true })).toBeVisible()
  await shot(page, 'chat-dock')

  await page.reload()
  await expect(windowOf(page, first.name).getByText('Monday is fine', { exact: true })).toBeVisible()
  await expect(windowOf(page, second.name).getByText('Hello there', { exact: true })).toBeVisible()
  await page.getByRole('link', { name: 'Log' }).click()
  await expect(windowOf(page, first.name).getByText('Monday is fine', { exact: true })).toBeVisible()
})

test('a window and the Messages page write one draft to one person, and send it once', async ({ browser, server }) => {
  const { people } = await pool(server, 'SAME', 1)
  const sara = people[0]!
  await send(server, anna, sara, 'Can you come on Monday?')
  const page = await staff(server, browser, anna)
  await page.goto(`/staff/messages?open=${sara.id}`)
  const beside = await chat(page, sara)
  const there = page.getByRole('main').getByRole('textbox', { name: /^Message to/ })
  const here = beside.getByRole('textbox', { name: /^Message to/ })
  await there.fill('Monday at')
  await expect(here).toHaveValue('Monday at')
  await here.press('End')
  await page.keyboard.type(' nine')
  await expect(there).toHaveValue('Monday at nine')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main').getByRole('paragraph').filter({ hasText: /^Monday at nine$/ })).toHaveCount(1)
  await expect(beside.getByRole('paragraph').filter({ hasText: /^Monday at nine$/ })).toHaveCount(1)
  await expect(here).toHaveValue('')
  await expect(there).toHaveValue('')

  await there.fill('And Tuesday')
  await beside.getByRole('button', { name: /^Close/ }).click()
  await expect(beside).toHaveCount(0)
  await expect(there).toHaveValue('And Tuesday')
  await page.reload()
  await expect(there).toHaveValue('And Tuesday')
})
