import { administrator, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { chooseSchool, enter } from '../support/walk.ts'

test.beforeEach(async ({ page }) => {
  const account = await administrator('school')
  await enter(page, account)
})

test('F-26 a class is added, named and removed', async ({ page, t }) => {
  const number = String(500 + Number(newResidentID().slice(15, 17)) * 4 + test.info().parallelIndex)
  const own = `${newName()}`
  await page.goto('/admin/classes')
  await page.getByRole('button', { name: t('admin_classes.add.button') }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(t('admin_classes.column.number')).fill(number)
  await dialog.getByLabel(t('admin_classes.own_name')).fill(own)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_classes.add.save'), exact: true }).click()
  await expect(dialog).toBeHidden()
  await page.getByRole('row', { name: own }).click()
  await expectNoOverflow(page)
  await dialog.getByRole('button', { name: t('admin_classes.remove'), exact: true }).click()
  await dialog.getByRole('button', { name: t('admin_classes.remove_sure', { name: own }) }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('row', { name: own })).toHaveCount(0)
})

test('F-26 the classes of a year are added at once', async ({ page, t }) => {
  // A school of its own, which has none yet.
  const province = await administrator('province')
  const office = await signIn(province.username, province.password)
  const code = `3151${newResidentID().slice(11, 17)}`
  const school = await office.ok(201, 'POST', '/api/v1/admin/schools', { code, name: `草堂${newName()}中学`, region: '510104' })
  const counted = async () => (await office.ok(200, 'GET', `/api/v1/admin/classes?school_id=${school.id}`)).items.length
  await page.context().clearCookies()
  await enter(page, province)
  await page.goto('/admin/classes')
  await chooseSchool(page, t('admin.school.label'), school.name)
  await page.getByRole('button', { name: t('admin_classes.add.button') }).first().click()
  const dialog = page.getByRole('dialog')
  const count = dialog.getByLabel(t('admin_classes.add.count'))
  await expect(count).toHaveCount(0) // one class, until somebody says more
  const make = (n: number) => dialog.getByRole('button', { name: t('admin_classes.add.save_many', { n }), exact: true })
  await dialog.getByText(t('admin_classes.add.many'), { exact: true }).click()
  await count.fill('40')
  await make(40).click()
  await expect(dialog.getByText(t('admin_classes.add.sure', { n: 40 }))).toBeVisible()
  await count.fill('4')
  await make(4).click()
  await expect(page.getByText(t('admin_classes.add.done_many', { n: 4 }))).toBeVisible()
  expect(await counted()).toBe(4)
  // What is promised is what is made, also where the other system has taken the first numbers.
  await page.getByRole('button', { name: t('admin_classes.add.button') }).first().click()
  const lasts = (system: string, n: number) => t('admin_classes.system.years', { system: t(`admin_classes.system.${system}`), stage: t('admin.stage.junior'), n })
  const change = async (from: string, to: string) => {
    await dialog.getByText(from, { exact: true }).click()
    await page.getByRole('option', { name: to }).click()
  }
  await dialog.getByText(t('admin_classes.add.many'), { exact: true }).click()
  await change(lasts('63', 3), lasts('54', 4))
  await expect(dialog.getByText(t('admin_classes.add.preview', { n: 2, first: t('class.grade.n6'), numbers: '5–6' }))).toBeVisible()
  await make(2).click()
  await expect(page.getByText(t('admin_classes.add.done_many', { n: 2 }))).toBeVisible()
  // A class's system is put right where the class is.
  const { items } = await office.ok(200, 'GET', `/api/v1/admin/classes?school_id=${school.id}`)
  const wrong = items.find((one: { number: number }) => one.number === 6)
  await page.goto(`/admin/classes?school_id=${school.id}&class=${wrong.id}`)
  await change(lasts('54', 4), lasts('63', 3))
  await expect(dialog.getByText(t('admin_classes.system.then_renamed', { grade: t('class.grade.n7'), year: wrong.entry_year + 3 }))).toBeVisible()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('common.save'), exact: true }).and(page.locator(':enabled')).click()
  await expect(page.getByRole('row', { name: t('class.grade.n6') })).toHaveCount(1)
  await expectNoOverflow(page)
})

test('F-26 pupils without a class are found, ticked and put into one together', async ({ page, t }) => {
  const { scope, username, password } = await administrator('school')
  const api = await signIn(username, password)
  const names = [newName(), newName()]
  for (const name of names) {
    await api.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number: newResidentID(), school_id: scope.id })
  }
  await page.goto('/admin/registry?class_id=none')
  for (const name of names) await page.getByRole('checkbox', { name: t('admin_registry.put.pick', { name }), exact: true }).check()
  await expectNoOverflow(page)
  await expectAccessible(page)
  const bar = page.getByRole('group', { name: t('admin_registry.put.label') })
  await expect(bar).toContainText(t('admin_registry.put.picked', { n: 2 }))
  await bar.getByRole('combobox').click()
  await page.getByRole('option').nth(1).click()
  await bar.getByRole('button', { name: t('admin_registry.put.button') }).click()
  await expect(page.getByText(t('admin_registry.put.done', { n: 2, class: '' }))).toBeVisible()
  for (const name of names) await expect(page.getByRole('checkbox', { name: t('admin_registry.put.pick', { name }), exact: true })).toHaveCount(0)
  await expect(bar).toHaveCount(0)
})
