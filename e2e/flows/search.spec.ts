import { administrator, takeEntry } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('F-24 F-27 one box finds a person by number, by name and a school, and tells of whom stands elsewhere', async ({ page, t }) => {
  const own = await administrator('school')
  const entry = await takeEntry('student', ({ school }) => school.id === own.scope.id)
  const elsewhere = await takeEntry('student', ({ school }) => school.id !== own.scope.id)

  await enter(page, own)
  await page.goto('/admin')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('/')
  const dialog = page.getByRole('dialog', { name: t('admin.find.title') })
  const box = dialog.getByLabel(t('admin.find.label'))
  await expect(box).toBeFocused()
  const find = async (text: string) => {
    await box.fill(text)
    await box.press('Enter')
  }
  await find(elsewhere.id_number)
  await expect(dialog).toContainText(t('admin.find.elsewhere'))
  await expect(dialog).not.toContainText(elsewhere.name)
  await find(`${entry.id_number.slice(0, 17)}${entry.id_number.endsWith('1') ? '2' : '1'}`)
  await expect(box).toHaveAttribute('aria-describedby', /.+/)
  await find(own.scope.name)
  await expect(dialog.getByRole('heading', { name: t('admin.find.schools') })).toBeVisible()
  await find(entry.name)
  await expect(dialog).toContainText(entry.school.name)
  await find(entry.id_number)
  await expect(dialog).toContainText(t('admin.find.ways.id_number'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await dialog.getByRole('link', { name: t('admin.find.open_person') }).click()
  await expect(page).toHaveURL(/\/admin\/registry\?entry=/)
  await expect(page.getByRole('dialog')).toContainText(entry.name)
  expect(page.url()).not.toContain(entry.id_number)
})
