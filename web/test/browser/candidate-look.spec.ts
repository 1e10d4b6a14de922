import { accessible, confirm, expect, fits, popup, settle, shot, test } from './candidate-people'

for (const look of [
  { name: 'light', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' as const } },
  { name: '800', options: { viewport: { width: 800, height: 700 } } },
  { name: '2560', options: { viewport: { width: 2560, height: 1440 } } },
  { name: 'rtl', options: {} },
  { name: 'calm', options: { reducedMotion: 'reduce' as const } },
  { name: 'contrast', options: { forcedColors: 'active' as const } },
]) {
  test(`look: every page, nothing for axe, nothing sticks out (${look.name})`, async ({ candidate }) => {
    await candidate.enrol({ extra: 15 })
    const rtl = look.name === 'rtl'
    for (const [subject, body] of rtl
      ? [['تعليمات', 'اقرأ السؤال السابع مرة أخرى. العلامة الصحيحة هي ≤.'], ['الآلات الحاسبة', 'يسمح فقط بما في القائمة.'], ['وقت إضافي', 'عشر دقائق إضافية بسبب الإنذار.']]
      : [['Question 7b: read ≤ instead of <', 'The inequality sign is wrong.\n\nRead x ≤ 4 instead of x < 4. Nothing else changes; you do not need to start over.'], ['Calculators', 'Only the calculators on the list may be used.'], ['Ten minutes more', 'Because of the fire alarm everybody in Hall A gets ten minutes more.']])
      await candidate.send(subject!, body)
    const context = await candidate.device(look.options)
    if (rtl) {
      // No right-to-left language is spoken yet; the layout is ready for one.
      await context.addInitScript(() => {
        const turn = () => document.documentElement && document.documentElement.dir !== 'rtl' && (document.documentElement.dir = 'rtl')
        new MutationObserver(turn).observe(document, { childList: true, subtree: true, attributes: true })
      })
    }
    const page = await context.newPage()
    const look1 = async (name: string) => {
      await fits(page)
      // Forced colours are the reader's own: their contrast is not ours to judge.
      if (look.name !== 'contrast') await accessible(page)
      await shot(page, `${look.name}-${name}`)
    }
    await page.goto('/')
    await expect(popup(page)).toBeVisible()
    await look1('popup')
    await confirm(page)
    await settle(page)
    await page.keyboard.press('Escape')
    await look1('home')
    await page.locator('[data-message]').last().click()
    await expect(page.getByRole('article').last()).toBeVisible()
    await look1('read')
    await page.goto(`/test/${candidate.test}`)
    await page.getByLabel('Your answer').fill(rtl ? 'الدالة متصلة على الفترة المغلقة. '.repeat(12) : 'The function is continuous on the closed interval [0, 4], so it attains its maximum there.\n\n'.repeat(5))
    await look1('test')
    await page.goto('/test/unknown')
    await expect(page.getByText('This is not one of your tests')).toBeVisible()
    await look1('unknown')
  })
}
