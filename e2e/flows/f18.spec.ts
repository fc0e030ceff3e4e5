import { administrator, register, takeEntry } from '../support/api.ts'
import { expect, expectNoOverflow, test } from '../support/test.ts'
import { enter, signOutOnScreen } from '../support/walk.ts'

test('F-18 a pupil whose class is missing asks for it, and the administrator adds it with one click', async ({ page, t }) => {
  const entry = await takeEntry('student', (e) => !e.has_class)
  const pupil = await register('student')
  await pupil.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  const { items } = await pupil.api.ok<{ items: { stage: string; entry_year: number }[] }>(200, 'GET', `/api/v1/schools/${entry.school.id}/classes`)
  const { stage, entry_year } = items[0]!

  await enter(page, pupil)
  await page.goto('/verify')
  await page.getByRole('button', { name: t('verify.class.missing') }).click()
  const form = page.getByRole('region', { name: t('request.missing_class.title') })
  // Each choice leaves the next as the first that is still to be made; where a school has one stage only, it is chosen already.
  for (const option of [...(items.some((one) => one.stage !== stage) ? [t(`request.stages.${stage}`)] : []), String(entry_year)]) {
    await form.getByText(t('request.choose'), { exact: true }).first().click()
    await page.getByRole('option', { name: option, exact: true }).click()
  }
  await form.getByLabel(t('request.number')).fill('77')
  await expectNoOverflow(page)
  await form.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  await signOutOnScreen(page, t)

  const office = await administrator('province')
  const [asked] = (await pupil.api.ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/me/tickets')).items
  await enter(page, office)
  await page.goto(`/admin/tickets?ticket=${asked!.id}`)
  await expect(page.getByRole('dialog')).toContainText(entry.name)
  await page.getByRole('dialog').getByRole('button', { name: t('admin_tickets.complete.class') }).click()
  await expect(page.getByText(t('admin_tickets.completed'))).toBeVisible()
  expect((await pupil.api.ok<{ binding: { class: { number: number } | null } }>(200, 'GET', '/api/v1/me')).binding.class?.number).toBe(77)
})

test('F-18 a teacher whose class the school has not registered asks for it, and teaches it with one click', async ({ page, t }) => {
  const entry = await takeEntry('teacher')
  const teacher = await register('teacher')
  await teacher.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  const { items } = await teacher.api.ok<{ items: { stage: string; entry_year: number }[] }>(200, 'GET', `/api/v1/schools/${entry.school.id}/classes`)
  const { stage, entry_year } = items[0]!
  const taught = async () => (await teacher.api.ok<{ classes_taught: { id: string }[] }>(200, 'GET', '/api/v1/me/space')).classes_taught.map(({ id }) => id)
  const before = await taught()

  await enter(page, teacher)
  await page.goto('/space')
  await page.getByRole('button', { name: t('space.taught_missing') }).click()
  const form = page.getByRole('region', { name: t('request.missing_class_teacher.title') })
  for (const option of [t(`request.stages.${stage}`), String(entry_year)]) {
    await form.getByText(t('request.choose'), { exact: true }).first().click()
    await page.getByRole('option', { name: option, exact: true }).click()
  }
  await form.getByLabel(t('request.number')).fill('78')
  await expectNoOverflow(page)
  await form.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  await signOutOnScreen(page, t)

  const office = await administrator('province')
  const [asked] = (await teacher.api.ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/me/tickets')).items
  await enter(page, office)
  await page.goto(`/admin/tickets?ticket=${asked!.id}`)
  await page.getByRole('dialog').getByRole('button', { name: t('admin_tickets.complete.class_taught') }).click()
  await expect(page.getByText(t('admin_tickets.completed'))).toBeVisible()
  expect((await taught()).filter((id) => !before.includes(id))).toHaveLength(1)
})
