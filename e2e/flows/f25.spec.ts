import { readFile } from 'node:fs/promises'
import { administrator } from '../support/api.ts'
import { csv, renamedPicture } from '../support/files.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test.beforeEach(async ({ page }) => {
  const account = await administrator('school')
  await enter(page, account)
})

test('F-25 a missing person is added, found, renamed and removed', async ({ page, t }) => {
  const [name, newer] = [newName(), newName()]
  const number = newResidentID()
  await page.goto('/admin/registry')
  await page.getByRole('button', { name: t('admin_registry.add.button') }).first().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel(t('admin_registry.column.name')).fill(name)
  await drawer.getByLabel(t('admin_registry.column.id_number')).fill(number)
  await expectAccessible(page)
  await drawer.getByRole('button', { name: t('admin_registry.add.save'), exact: true }).click()
  await expect(drawer).toBeHidden()

  const search = page.getByLabel(t('admin_registry.search.label'))
  // Part of a number is neither looked for in vain nor refused; it is said that the whole one is wanted.
  for (const part of ['5101', number.slice(0, 12)]) {
    await search.fill(part)
    await search.press('Enter')
    await expect(page.getByText(t('admin_registry.part_title'))).toBeVisible()
    await expect(page.getByRole('alert')).toHaveCount(0)
  }
  await search.fill(number)
  await search.press('Enter')
  const row = (who: string) => page.getByRole('row', { name: t('admin_registry.open', { name: who }) })
  await expect(row(name)).toBeVisible()
  await expect(page.locator('body')).not.toContainText(number)
  await row(name).click()
  await drawer.getByRole('button', { name: t('admin_registry.edit.button'), exact: true }).click()
  await drawer.getByLabel(t('admin_registry.column.name')).fill(newer)
  await drawer.getByRole('button', { name: t('common.save'), exact: true }).click()
  await expect(drawer.getByRole('heading', { name: newer })).toBeVisible()

  await drawer.getByRole('button', { name: t('admin_registry.remove.button'), exact: true }).click()
  const confirm = page.getByRole('dialog', { name: t('admin_registry.remove.title', { name: newer }) })
  await confirm.getByRole('button', { name: t('admin_registry.remove.reason_wrong') }).click()
  await confirm.getByRole('button', { name: t('admin_registry.remove.button'), exact: true }).click()
  await expect(confirm).toBeHidden()
  await search.fill(newer)
  await search.press('Enter')
  await expect(page.getByText(t('admin_registry.none_found'))).toBeVisible()
  await expectNoOverflow(page)
})

test('F-25 a roster is previewed, imported and followed, and its refused rows are handed back', async ({ page, t }) => {
  const [first, second, third] = [newName(), newName(), newName()]
  const number = newResidentID()
  const roster = csv('七年级名单.csv', [
    ['某校七年级学生名单', ''],
    ['学生姓名', '身份证件号'],
    [first, number],
    [second, newResidentID()],
    [third, number],
  ])
  await page.goto('/admin/registry')
  await page.getByRole('main').getByRole('link', { name: t('admin.nav.import') }).last().click()

  // A file that is no roster is refused at once, with what to do about it.
  await page.locator('input[type=file]').setInputFiles(renamedPicture)
  await expect(page.getByRole('alert')).toContainText(t('admin_import.refusal.not_a_table.how'))

  await page.locator('input[type=file]').setInputFiles(csv('只有表头.csv', [['学生姓名', '身份证件号']]))
  await expect(page.getByRole('alert')).toContainText(t('admin_import.refusal.no_rows.how'))

  await page.locator('input[type=file]').setInputFiles(roster)
  await expect(page.getByRole('heading', { name: t('admin_import.preview.title') })).toBeVisible()
  await expect(page.getByRole('group', { name: t('admin_import.preview.first_rows', { n: 3 }) })).toContainText(first)
  // Who cannot be taken is named beside the row, and the row that has the same number.
  await expect(page.getByRole('group', { name: t('admin_import.preview.rejects', { n: 1 }) }).getByRole('row', { name: third })).toContainText('3')
  await expect(page.locator('.counts b')).toHaveText(['3', '2', '1'])
  await expect(page.getByText(t('admin_import.preview.row', { n: 2 }), { exact: true })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  await page.getByRole('button', { name: t('admin_import.preview.confirm', { n: 2, kind: t('admin.kind.student') }) }).click()
  await expect(page.getByRole('heading', { name: t('admin_import.progress.done') })).toBeVisible()
  await expect(page.getByText(t('admin_import.progress.result', { total: 3, accepted: 2, rejected: 1 }))).toBeVisible()
  const saving = page.waitForEvent('download')
  await page.getByText(t('admin_import.rejected_file', { n: 1 })).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toContain((await administrator('school')).scope.name)
  const file = await readFile(await saved.path())
  expect(file.subarray(0, 2).toString()).toBe('PK')
  await expectNoOverflow(page)

  // The overview reminds of the row until somebody says that it needs no more work.
  const followed = page.url()
  await page.goto('/admin')
  const reminder = page.locator(`a[href$="id=${new URL(followed).searchParams.get('id')}"]`)
  await expect(reminder).toBeVisible()
  await reminder.click()
  const dismiss = page.getByRole('button', { name: t('admin_import.dismiss') })
  await dismiss.click() // the browser's question is answered with no
  await expect(dismiss).toBeVisible()
  page.once('dialog', (dialog) => void dialog.accept())
  await dismiss.click()
  await expect(page.getByText(t('admin_import.rejected_file', { n: 1 }))).toBeHidden()
  await page.goto('/admin')
  await expect(page.getByRole('heading', { name: t('admin_overview.today') })).toBeVisible()
  await expect(reminder).toBeHidden()

  await page.goto(`/admin/registry?name=${encodeURIComponent(second)}`)
  await expect(page.getByRole('row', { name: t('admin_registry.open', { name: second }) })).toBeVisible()
})
