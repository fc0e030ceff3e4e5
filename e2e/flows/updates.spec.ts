import { administrator, signIn } from '../support/api.ts'
import { csv } from '../support/files.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { chooseSchool, enter } from '../support/walk.ts'

const head = ['姓名', '证件号码', '年级', '班级']

test('F-25 a roster moves and renames who is there only where that is chosen, and shows whom before', async ({ page, t }) => {
  // A school of its own: how much of it a file changes depends on nobody else.
  const province = await administrator('province')
  const api = await signIn(province.username, province.password)
  const code = `3151${Date.now() % 1_000_000}`.padEnd(10, '0').slice(0, 10)
  const school = await api.ok(201, 'POST', '/api/v1/admin/schools', { code, name: `草堂${newName()}中学`, region: '510104' })
  const people = [1, 2, 3, 4].map(() => ({ name: newName(), number: newResidentID() }))
  const class_ = await api.ok(201, 'POST', '/api/v1/admin/classes', { school_id: school.id, stage: 'junior', entry_year: new Date().getFullYear() - (new Date().getMonth() < 8 ? 1 : 0), number: 1 })
  for (const { name, number } of people) {
    await api.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number: number, school_id: school.id, class_id: class_.id })
  }
  const newer = newName()
  const roster = csv('调班.csv', [head, ...people.map(({ name, number }, at) => [at === 0 ? newer : name, number, '七年级', at < 2 ? '2班' : '1班'])])

  await enter(page, province)
  await page.goto('/admin/registry/import')
  await chooseSchool(page, t('admin.school.label'), school.name)
  await page.locator('input[type=file]').setInputFiles(roster)
  // Unless it is chosen, whoever is there stays as they are.
  const counts = page.locator('.counts b')
  await expect(counts).toHaveText(['4', '0', '2', '2']) // two are there as the roster has them
  await expect(page.getByRole('group', { name: t('admin_import.preview.rejects', { n: 2 }) }).getByRole('row', { name: people[1]!.name })).toContainText('七年级1班')

  await page.getByLabel(t('admin_import.there.update_student')).check()
  await expect(counts).toHaveText(['4', '3', '1'])
  const outcome = page.getByRole('list', { name: t('admin_import.outcome.label') })
  await expect(outcome).toContainText(t('admin_import.outcome.moved', { n: 1 }))
  await page.getByLabel(t('admin_import.there.rename')).check()
  await expect(counts).toHaveText(['4', '4', '0'])
  await expect(outcome).toContainText(t('admin_import.outcome.moved', { n: 2 }))
  await expect(outcome).toContainText(t('admin_import.outcome.renamed', { n: 1 }))
  await expect(page.getByRole('group', { name: t('admin_import.outcome.changes') })).toContainText(newer)
  await expectNoOverflow(page)
  await expectAccessible(page)

  // Half of the school would change: that is said, and confirmed.
  const go = page.getByRole('button', { name: t('admin_import.preview.confirm_told_school', { what: t('admin_import.outcome.updated', { n: 2 }), school: school.name }) })
  await expect(page.getByRole('alert')).toContainText('50%')
  await expect(go).toBeDisabled()
  await page.getByLabel(t('admin_import.outcome.agree', { percent: 50 })).check()
  await go.click()
  await expect(page.getByRole('heading', { name: t('admin_import.progress.done') })).toBeVisible()
  await expect(page.getByText(t('admin_import.outcome.moved', { n: 2 }))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  // The record of whoever was changed says so.
  await page.goto(`/admin/registry?school_id=${school.id}&name=${encodeURIComponent(newer)}`)
  await page.getByRole('row', { name: t('admin_registry.open', { name: newer }) }).click()
  const drawer = page.getByRole('dialog', { name: newer })
  await drawer.getByRole('button', { name: t('admin_registry.history.title') }).click()
  await expect(drawer.getByRole('list', { name: t('admin_registry.history.title') })).toContainText(t('record.registry.change', { changed: '' }).trim())
  await expectNoOverflow(page)
})
