import { readFile } from 'node:fs/promises'
import { administrator, signIn } from '../support/api.ts'
import { csv, unzip } from '../support/files.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test.beforeEach(async ({ page }) => {
  const account = await administrator('school')
  await enter(page, account)
})

test('somebody says which column is which, the next file is read alike, and an import is undone', async ({ page, t }) => {
  const [first, second] = [newName(), newName()]
  // Headings that no other test has: the choice is the school's.
  const file = (name: string) => csv('名单.csv', [['八年级名单', '', ''], [`谁${first}`, '班', '号'], [name, '', newResidentID()]])
  await page.goto('/admin/registry/import')
  await page.locator('input[type=file]').setInputFiles(file(first))
  const chooser = page.getByRole('region', { name: t('admin_import.columns.title') })
  await expect(chooser).toContainText(first)
  await chooser.getByLabel(t('admin_import.columns.header_row')).selectOption('2')
  const holds = (column: string) => chooser.getByLabel(t('admin_import.columns.holds', { column }))
  await holds(`谁${first}`).selectOption('name')
  await holds('号').selectOption('id_number')
  await expectNoOverflow(page)
  await expectAccessible(page)
  await chooser.getByRole('button', { name: t('admin_import.columns.read') }).click()
  await page.getByRole('button', { name: t('admin_import.preview.confirm_school', { n: 1, kind: t('admin.kind.student'), school: (await administrator('school')).scope.name }) }).or(page.getByRole('button', { name: t('admin_import.preview.confirm', { n: 1, kind: t('admin.kind.student') }) })).click()
  await expect(page.getByRole('heading', { name: t('admin_import.progress.done') })).toBeVisible()

  // Whose import it was thinks better of it.
  await page.getByRole('button', { name: t('admin_import.undo.button') }).click()
  const ask = page.getByRole('dialog', { name: t('admin_import.undo.title') })
  await expect(ask).toContainText(t('admin_import.undo.removes', { n: 1 }))
  await expectAccessible(page)
  await ask.getByRole('button', { name: t('admin_import.undo.confirm') }).click()
  await expect(page.getByText(t('admin_import.undo.done', { removed: 1, restored: 0 }))).toBeVisible()
  await expect(page.getByRole('heading', { name: t('admin_import.undo.state.done') })).toBeVisible()
  await expect(page.getByRole('table', { name: t('admin_import.before') })).toContainText(t('admin_import.undo.state.done'))
  await expectNoOverflow(page)

  await page.getByRole('button', { name: t('admin_import.progress.another') }).click()
  await page.locator('input[type=file]').setInputFiles(file(second))
  await expect(page.getByText(/→/).filter({ hasText: `谁${first}` })).toBeVisible()
  await expect(page.locator('.counts b')).toHaveText(['1', '1', '0'])
})

test('the list is taken along as a workbook, with full numbers for a reason alone', async ({ page, t }) => {
  const { scope, username, password } = await administrator('school')
  const office = await signIn(username, password)
  const [name, number] = [newName(), newResidentID()]
  await office.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number: number, school_id: scope.id })
  await page.goto(`/admin/registry?name=${encodeURIComponent(name)}`)
  const taken = async () => {
    const dialog = page.getByRole('dialog', { name: t('admin_registry.export.title') })
    const saving = page.waitForEvent('download')
    await dialog.getByRole('button', { name: t('admin_registry.export.confirm'), exact: true }).click()
    const file = await readFile(await (await saving).path())
    await expect(dialog).toBeHidden()
    return unzip(file)['xl/worksheets/sheet1.xml']!.toString('utf8')
  }
  const open = page.getByRole('button', { name: t('admin_registry.export.button') })
  await open.click()
  await expectAccessible(page)
  await expectNoOverflow(page)
  const masked = await taken()
  expect(masked).toContain(name)
  expect(masked).toContain(username)
  expect(masked).not.toContain(number)
  await open.click()
  await page.getByRole('radio', { name: t('admin_registry.export.full') }).check()
  await page.getByRole('button', { name: t('admin_registry.export.confirm'), exact: true }).click()
  await expect(page.getByText(t('admin_registry.export.reason_empty'))).toBeVisible()
  await page.getByRole('textbox', { name: t('admin_registry.export.reason') }).fill('核对学籍')
  const full = await taken()
  expect(full).toContain(number)
  expect(full).toContain('核对学籍')
})
