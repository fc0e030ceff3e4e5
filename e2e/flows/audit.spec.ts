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
