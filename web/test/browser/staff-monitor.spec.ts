import { accessible, expect, focusRow, monitorReady, shot, test } from './staff-server'

test('the list filters, counts and remembers in the address', async ({ browser, server }) => {
  const id = await server.hall('MON', 'Monitor hall', 60)
  const page = await server.open(browser, 'planner', `/staff/tests/${id}`)
  const all = page.getByRole('button', { name: '60 candidates' })
  await expect(all).toBeVisible()

  await page.keyboard.press('/')
  await page.keyboard.type('given1')
  await expect(page.getByRole('button', { name: /^11 candidates of 60/ })).toBeVisible() // 1, 10 to 19
  await page.getByRole('button', { name: 'Room', exact: true }).click()
  const rooms = page.getByRole('dialog', { name: 'Room' })
  await expect(rooms.getByRole('checkbox', { name: /^Hall A/ })).toBeFocused()
  await expect(rooms.locator('label', { hasText: 'Hall A' })).toContainText('5') // 1 10 13 16 19
  await page.keyboard.press('Space')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Room: Hall A' })).toBeFocused()
  await expect(page.getByRole('button', { name: /^5 candidates of 60/ })).toBeVisible()
  await page.getByRole('button', { name: /^not started/ }).click()
  await expect(page.getByRole('button', { name: /^2 candidates of 60/ })).toBeVisible() // 1 13
  await expect(page).toHaveURL(/q=given1&progress=not_started&room=Hall\+A/)

  await page.reload()
  await expect(page.getByRole('button', { name: /^2 candidates of 60/ })).toBeVisible()
  await expect(page.getByRole('row', { name: /Given13 Family13/ })).toBeVisible()
  await accessible(page)

  await page.keyboard.press('/')
  await page.keyboard.type('nobody at all')
  await expect(page.getByText('Nobody matches', { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).last().click()
  await expect(all).toBeVisible()
})

test('ticks: space, ranges, everyone, and they survive the filter', async ({ browser, server }) => {
  const id = await server.hall('TICK', 'Tick hall', 30)
  const page = await server.open(browser, 'planner', `/staff/tests/${id}`)
  await monitorReady(page)
  await page.keyboard.press('/')
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('[data-id]').first()).toBeFocused()
  await page.keyboard.press('Space')
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Shift+Space')
  const ticked = page.getByRole('region', { name: 'Ticked rows' })
  await expect(ticked).toContainText('4 ticked')
  await page.locator('[data-id] input').nth(7).click({ modifiers: ['Shift'] })
  await expect(ticked).toContainText('8 ticked')
  await shot(page, 'ticked')

  await page.getByRole('button', { name: 'Room', exact: true }).click()
  await page.getByRole('dialog', { name: 'Room' }).getByText('Hall B').click()
  await page.keyboard.press('Escape')
  await expect(ticked).toContainText('8 ticked, 8 not in this filter')
  await focusRow(page, 0)
  await page.keyboard.press('Control+a')
  await expect(ticked).toContainText('18 ticked, 8 not in this filter')
  await page.getByRole('button', { name: /Clear filters/ }).click()
  await expect(ticked).toContainText('18 ticked')
  await expect(ticked).not.toContainText('not in this filter')
  await focusRow(page, 0)
  await page.keyboard.press('m')
  await expect(page.getByRole('dialog', { name: 'Send message' }).getByText('18 candidates')).toBeVisible()
})

test('the list lives: progress appears, the row is marked, counts follow, nothing jumps', async ({ browser, server }) => {
  const id = await server.hall('LIVE', 'Live hall', 40)
  const page = await server.open(browser, 'planner', `/staff/tests/${id}`)
  await expect(page.getByText('Connected')).toBeVisible()
  const row = page.getByRole('row', { name: /Given2 Family2/ })
  await expect(row).toContainText('in progress')
  await page.getByRole('button', { name: /^in progress/ }).click()
  await expect(page.getByRole('button', { name: /^30 candidates/ })).toBeVisible()

  // The pointer rests on the list: who submits stays where they are, and says so.
  const third = page.locator('[data-id]').nth(2)
  await third.hover()
  const before = await page.locator('[data-id]').evaluateAll((rows) => rows.slice(0, 8).map((r) => [r.getAttribute('data-id'), Math.round(r.getBoundingClientRect().top)]))
  await server.api('admin', 'POST', '/provisioning/progress', { items: [{ test: 'LIVE', person: 'LIVE-0002', progress: 'submitted' }] })
  await expect(row).toContainText('submitted')
  await expect(row).toHaveClass(/changed/)
  await expect(row).toContainText('no longer in this filter')
  await expect(page.getByRole('button', { name: /^29 candidates/ })).toBeVisible()
  const after = await page.locator('[data-id]').evaluateAll((rows) => rows.slice(0, 8).map((r) => [r.getAttribute('data-id'), Math.round(r.getBoundingClientRect().top)]))
  expect(after).toEqual(before)
  await shot(page, 'held')

  // Let go, and the list is what it should be.
  await page.mouse.move(700, 20)
  await expect(row).toHaveCount(0)

  // Somebody is enrolled: the list is read again.
  await server.api('admin', 'PUT', '/provisioning/people', { items: [{ external_id: 'LIVE-NEW', kind: 'candidate', given_name: 'Newly', family_name: 'Enrolled' }] })
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ test: 'LIVE', person: 'LIVE-NEW', room: 'Hall A', seat: '0', progress: 'in_progress' }] })
  await expect(page.getByRole('row', { name: /Newly Enrolled/ })).toBeVisible()
})

test('1500 rows: only those in view exist, scrolling moves nothing else', async ({ browser, server }) => {
  const id = await server.hall('BIG', 'Big hall', 1500)
  const page = await server.open(browser, 'planner', `/staff/tests/${id}`)
  await expect(page.getByRole('button', { name: '1,500 candidates' })).toBeVisible()
  const rows = page.locator('[data-id]')
  await expect(rows.first()).toBeVisible()
  expect(await rows.count()).toBeLessThan(80)
  const frame = () => page.locator('.controls, .head, .sendings').evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().top)))
  const before = await frame()

  await focusRow(page, 0)
  await page.keyboard.press('End')
  await expect(page.getByRole('row', { name: /Given1500 Family1500/ })).toBeFocused()
  expect(await rows.count()).toBeLessThan(80)
  await page.keyboard.press('PageUp')
  await page.keyboard.press('ArrowUp')
  await page.locator('.body').evaluate((e) => e.scrollTo(0, e.scrollHeight / 2))
  // Every row is as high as the next, and none overlaps.
  let tops: number[] = []
  await expect(async () => {
    tops = await rows.evaluateAll((all) => all.map((e) => Math.round(e.getBoundingClientRect().top)).filter((top) => top > 0 && top < innerHeight).sort((a, b) => a - b))
    expect(tops.length).toBeGreaterThan(10)
    expect(await rows.count()).toBeLessThan(80)
  }).toPass()
  const steps = new Set(tops.slice(2, -1).map((top, i) => top - tops[i + 1]!))
  expect([...steps]).toEqual([44])
  expect(await frame()).toEqual(before)
  await shot(page, '1500')

  await page.getByRole('columnheader', { name: 'Candidate' }).getByRole('button').click()
  await page.getByRole('columnheader', { name: 'Candidate' }).getByRole('button').click()
  await expect(page).toHaveURL(/sort=-name/)
  await page.locator('.body').evaluate((e) => e.scrollTo(0, 0))
  await expect(page.getByRole('row', { name: /Given1500 Family1500/ })).toBeVisible()
})

test('offline is said, the list stays, and it is right again afterwards', async ({ browser, server }) => {
  const id = await server.hall('NET', 'Network hall', 12)
  const page = await server.open(browser, 'planner', `/staff/tests/${id}`)
  await expect(page.getByText('Connected')).toBeVisible()
  await expect(page.getByRole('row', { name: /Given1 / })).toBeVisible()
  await page.context().setOffline(true)
  await expect(page.locator('.connection').getByText('Offline')).toBeVisible()
  await expect(page.getByRole('row', { name: /Given1 / })).toBeVisible()
  await server.api('admin', 'POST', '/provisioning/progress', { items: [{ test: 'NET', person: 'NET-0001', progress: 'submitted' }] })
  await shot(page, 'offline')
  await page.context().setOffline(false)
  await expect(page.getByText('Connected')).toBeVisible({ timeout: 20_000 })
  await expect(page.getByRole('row', { name: /Given1 / })).toContainText('submitted')
})

test('an invigilator sees their own room alone', async ({ browser, server }) => {
  const page = await server.open(browser, 'anna', '/staff/')
  await page.getByRole('link', { name: 'Mathematics 1' }).click()
  await expect(page.getByText('Your rooms: Hall A')).toBeVisible()
  await expect(page.getByRole('button', { name: '36 candidates' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Room', exact: true })).toHaveCount(0)
})

test('an admin may watch but not send', async ({ browser, server }) => {
  const id = await server.test('Mathematics 1')
  const page = await server.open(browser, 'admin', `/staff/tests/${id}`)
  await page.getByRole('button', { name: '77 candidates' }).click()
  await expect(page.getByRole('menuitem', { name: /Tick all/ })).toBeVisible()
  await expect(page.getByRole('menuitem', { name: /Send message/ })).toHaveCount(0)
  await expect(page.getByRole('button', { name: /^Send message to/ })).toHaveCount(0)
})
