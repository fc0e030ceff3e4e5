import { administrator, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('F-27 somebody who stands at another school is told of, with the school to whoever knows the name', async ({ page, t }) => {
  const province = await administrator('province')
  const office = await signIn(province.username, province.password)
  const here = await administrator('school')
  const elsewhere = (await office.ok(200, 'GET', '/api/v1/schools?region=510100&limit=20')).items.find(({ id }: { id: string }) => id !== here.scope.id)
  const [name, number] = [newName(), newResidentID()]
  await office.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number: number, school_id: elsewhere.id })
  await enter(page, here)
  await page.goto('/admin/registry')
  await page.getByRole('button', { name: t('admin_registry.add.button') }).first().click()
  const drawer = page.getByRole('dialog')
  const save = drawer.getByRole('button', { name: t('admin_registry.add.save'), exact: true })
  await drawer.getByLabel(t('admin_registry.column.name')).fill(newName())
  await drawer.getByLabel(t('admin_registry.column.id_number')).fill(number)
  await save.click()
  // Only the person can ask to move.
  await expect(drawer).toContainText(t('admin_registry.add.elsewhere'))
  await expect(drawer).not.toContainText(elsewhere.name)
  await drawer.getByLabel(t('admin_registry.column.name')).fill(name)
  await save.click()
  await expect(drawer).toContainText(elsewhere.name)
  await expectNoOverflow(page)
  await expectAccessible(page)
})
