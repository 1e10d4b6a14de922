import { Candidate, confirm, expect, popup, test, upToDate } from './candidate-people'
import { Mortal } from './mortal'
import { Server } from './staff-server'

test('the server is killed and comes back: the page says so, keeps everything, and goes on by itself', async ({ browser }) => {
  test.setTimeout(120_000)
  const mortal = new Mortal()
  try {
    await mortal.start()
    const candidate = new Candidate(new Server(`http://127.0.0.1:${mortal.port}`), browser, 'mortal', 'Mathematics 1')
    await candidate.enrol()
    const page = await candidate.sit()
    await page.getByLabel('Your answer').fill('Before the crash')
    const first = await candidate.send('Shown before')
    await expect(popup(page)).toBeVisible()
    await candidate.reaches(first, 'displayed')

    await mortal.kill()
    await expect(page.locator('[data-phase]')).toHaveText('Reconnecting… Your answers are not affected.')
    // Confirmed while nobody listens: kept until somebody does.
    await confirm(page)
    await expect(popup(page)).toHaveCount(0)
    await page.getByLabel('Your answer').fill('Before the crash and after')

    await mortal.start()
    await upToDate(page)
    await candidate.reaches(first, 'acknowledged')
    const second = await candidate.send('Sent after')
    await expect(popup(page)).toHaveAccessibleName('Sent after')
    await confirm(page)
    await candidate.reaches(second, 'acknowledged')
    await expect(page.getByRole('region', { name: 'Messages in this test' }).locator('details')).toHaveCount(2)
    await expect(page.getByLabel('Your answer')).toHaveValue('Before the crash and after')
    await candidate.close()
    expect(candidate.faults).toEqual([])
  } finally {
    await mortal.end()
  }
})
