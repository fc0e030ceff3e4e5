import { readFile } from 'node:fs/promises'
import { administrator, signIn } from '../support/api.ts'
import { unzip } from '../support/files.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('the record is narrowed to who did something and to whom, and taken along', async ({ page, t }) => {
  const school = await administrator('school')
  const office = await signIn(school.username, school.password)
  const reason = `核对${newName()}`
  const made = await office.ok<{ id: string }>(201, 'POST', '/api/v1/admin/registry', {
    kind: 'student', name: newName(), id_type: 'resident_id', id_number: newResidentID(), school_id: school.scope.id,
  })
  await office.ok(200, 'POST', `/api/v1/admin/registry/${made.id}/reveal`, { reason })

  await enter(page, school)
  await page.goto('/admin/audit')
  const main = page.getByRole('main')
  const looked = page.getByRole('row').filter({ hasText: reason })
  await expect(looked).toContainText(t('record.registry.reveal'))
  await looked.getByRole('button', { name: t('admin_audit.self') }).click()
  await expect(page).toHaveURL(new RegExp(`actor=${school.username}`))
  const box = page.getByLabel(t('admin_audit.actor.label'))
  await expect(box).toHaveValue(school.username)
  await box.fill('nobody1')
  await box.press('Enter')
  await expect(main).toContainText(t('admin_audit.none'))
  await page.getByRole('button', { name: t('admin_audit.show_all') }).click()
  await looked.getByRole('cell').first().getByRole('button').click()
  await expect(page.getByRole('row')).toHaveCount(3) // heading, added, looked at
  await expectNoOverflow(page)
  await expectAccessible(page)

  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: t('admin_audit.export.button') }).click()
  const download = await saving
  expect(download.suggestedFilename()).toMatch(/\.xlsx$/)
  const sheet = unzip(await readFile(await download.path()))['xl/worksheets/sheet1.xml']!.toString('utf8')
  for (const told of [reason, t('record.registry.reveal'), school.username]) expect(sheet).toContain(told)
})

test("a year's pack on minors' data is one file with a cover and workbooks", async ({ page, t }) => {
  await enter(page, await administrator('county'))
  await page.goto('/admin/audit')
  await page.getByRole('button', { name: t('admin_audit.pack.button') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_audit.pack.title') })
  await expect(dialog).toContainText(t('admin_audit.pack.so_far'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  const saving = page.waitForEvent('download')
  await dialog.getByRole('button', { name: t('admin_audit.pack.confirm') }).click()
  const download = await saving
  expect(download.suggestedFilename()).toMatch(/\.zip$/)
  const files = unzip(await readFile(await download.path()))
  expect(Object.keys(files)).toHaveLength(8)
  const cover = Object.entries(files).find(([name]) => name.endsWith('.html'))![1].toString('utf8')
  expect(cover).toContain(t('admin_audit.pack.title').replace("'", '&#39;'))
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('main')).toContainText(t('record.audit.pack', { year: new Date().getFullYear() }))
})
