import { accessible, expect, fits, shot, test, upToDate } from './candidate-people'

test('signing in: what is missing is named at its field, a wrong password is said, and then the dashboard', async ({ browser, server, candidate }) => {
  await candidate.enrol()
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  await page.goto('/')
  await expect(page).toHaveURL(/\/sign-in\?next=%2F$/)
  // The only organisation is filled in; one starts with the login.
  await expect(page.getByLabel('Organisation')).toHaveValue('demo')
  await expect(page.getByLabel('Login')).toBeFocused()
  await accessible(page)

  await page.keyboard.press('Enter')
  await expect(page.getByText('Enter your login')).toBeVisible()
  await expect(page.getByLabel('Login')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByLabel('Login')).toBeFocused()
  await accessible(page)
  await shot(page, 'sign-in-missing')

  await page.getByLabel('Login').fill(candidate.login)
  await page.getByLabel('Password', { exact: true }).fill('not this one')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert')).toContainText('Login or password is wrong')
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused()
  await accessible(page)

  await page.getByRole('button', { name: 'Show password' }).click()
  await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('type', 'text')
  await page.getByLabel('Password', { exact: true }).fill('crier-demo')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Your tests' })).toBeVisible()
  await upToDate(page)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('You are signed out.')).toBeVisible()
  await context.close()
})

test('the organisation may stand in the address, and a staff member lands on the staff’s pages', async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  await page.goto('/sign-in?org=demo&next=%2Ftest%2Fx')
  await page.getByLabel('Login').fill('chief')
  await page.getByLabel('Password', { exact: true }).fill('crier-demo')
  await page.keyboard.press('Enter')
  // A candidate's address is no place for staff.
  await expect(page).toHaveURL(/\/staff\/$/)
  await page.goto('/')
  await expect(page).toHaveURL(/\/staff\/$/)
  await context.close()
})

test('an address elsewhere is not where sign-in leads', async ({ browser, server, candidate }) => {
  await candidate.enrol()
  for (const next of ['//example.org/', 'https://example.org/', '/\\example.org', '/\t/example.org/x', '/.//example.org', '/staff/log']) {
    const context = await browser.newContext({ baseURL: server.url })
    const page = await context.newPage()
    await page.goto('/sign-in?next=' + encodeURIComponent(next))
    await page.getByLabel('Login').fill(candidate.login)
    await page.getByLabel('Password', { exact: true }).fill('crier-demo')
    await page.keyboard.press('Enter')
    await expect(page.getByRole('heading', { name: 'Your tests' })).toBeVisible()
    expect(new URL(page.url()).origin + new URL(page.url()).pathname).toBe(server.url + '/')
    await context.close()
  }
})

test('a session that is over says so, keeps the page and what was written, and leads back after signing in', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  await page.getByLabel('Your answer').fill('Half an answer')
  await candidate.signOutEverywhere()
  const over = page.getByRole('dialog', { name: 'Your session has expired' })
  await expect(over).toBeVisible()
  await expect(page.getByLabel('Your answer')).toHaveValue('Half an answer')
  await fits(page)
  await accessible(page)
  await shot(page, 'session-over')
  // Closed, the page can be read and written in, and the way back is still there.
  await page.keyboard.press('Escape')
  await page.getByLabel('Your answer').fill('Half an answer and more')
  await page.getByRole('alert').filter({ hasText: 'Your session has expired' }).getByRole('button', { name: 'Sign in' }).click()
  await page.evaluate(() => Object.assign(window, { same: true }))
  await over.getByLabel('Login').fill(candidate.login)
  await over.getByLabel('Password', { exact: true }).fill('crier-demo')
  await page.keyboard.press('Enter')
  await expect(over).toBeHidden()
  expect(await page.evaluate(() => 'same' in window)).toBe(true)
  await expect(page.getByLabel('Your answer')).toHaveValue('Half an answer and more')
  await upToDate(page)
})

test('at a shared computer nothing of one candidate is left for the next, after signing out and after a session that ended', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  await page.getByLabel('Your answer').fill('The Normans landed at Pevensey')
  const kept = () => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
  await expect.poll(kept).toContain('Normans')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('You are signed out.')).toBeVisible()
  expect(await kept()).toBe('[{},{}]')

  const signIn = async (login: string) => {
    await page.getByLabel('Login').fill(login)
    await page.getByLabel('Password', { exact: true }).fill('crier-demo')
    await page.keyboard.press('Enter')
  }
  await page.goto('/sign-in?next=' + encodeURIComponent(`/test/${candidate.test}`))
  await signIn(candidate.login)
  await expect(page.getByLabel('Your answer')).toHaveValue('')
  await page.getByLabel('Your answer').fill('William was crowned at Christmas')
  await expect.poll(kept).toContain('William')
  // The session ends, and nobody signs out: the next one signs in at the same browser.
  await candidate.signOutEverywhere()
  await page.goto('/sign-in')
  await signIn('planner')
  await expect(page).toHaveURL(/\/staff\//)
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  expect(await kept()).not.toContain('William')
})

test('a tab that stands open goes when another tab signs out', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  await page.getByLabel('Your answer').fill('A draft of mine')
  const other = await page.context().newPage()
  await other.goto('/')
  await other.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('You are signed out.')).toBeVisible()
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain('A draft')
})
