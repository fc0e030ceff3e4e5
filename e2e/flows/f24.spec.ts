import { administrator, register, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test.beforeEach(async ({ page }) => {
  const account = await administrator('school')
  await enter(page, account)
})

test('F-24 the account of a person is found by ID number, name, username and phone', async ({ page, t }) => {
  const { scope, username, password } = await administrator('school')
  const office = await signIn(username, password)
  const [name, number] = [newName(), newResidentID()]
  await office.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number: number, school_id: scope.id })
  const person = await register()
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: number, name })
  await page.goto('/admin/accounts')
  const box = page.getByLabel(t('admin_accounts.search'))
  for (const [by, text] of [['id_number', number], ['name', name], ['username', person.username], ['phone', person.phone]] as const) {
    await box.fill(text)
    await page.getByRole('radio', { name: t(`admin_accounts.by.${by}`), exact: true }).check()
    await box.press('Enter')
    const found = page.getByRole('list', { name: t('admin_accounts.found') }).getByRole('listitem')
    await expect(found).toHaveCount(1)
    await expect(found).toContainText(name)
    await expect(page.locator('body')).not.toContainText(number)
  }
  await expectNoOverflow(page)
})

test('F-24 a full number is shown for a reason, which the record keeps', async ({ page, t }) => {
  const name = newName()
  const number = newResidentID()
  const school = await administrator('school')
  const made = await page.request.post('/api/v1/admin/registry', {
    data: { kind: 'student', name, id_type: 'resident_id', id_number: number, school_id: school.scope.id },
  })
  expect(made.status(), await made.text()).toBe(201)
  await page.goto(`/admin/registry?name=${encodeURIComponent(name)}`)
  await page.getByRole('row', { name: t('admin_registry.open', { name }) }).click()
  const drawer = page.getByRole('dialog', { name })
  await expect(drawer).toContainText(`${number.slice(0, 6)}********${number.slice(-4)}`)
  await drawer.getByRole('button', { name: t('admin_registry.reveal.button') }).click()
  const ask = page.getByRole('dialog', { name: t('admin_registry.reveal.title') })
  const reason = t('admin_registry.reveal.reason_paper')
  await ask.getByRole('button', { name: reason }).click()
  await ask.getByRole('button', { name: t('admin_registry.reveal.confirm'), exact: true }).click()
  await expect(drawer.getByText(t('admin_registry.reveal.hide'))).toBeVisible()
  expect((await drawer.innerText()).replaceAll(/\s/g, '')).toContain(number)
  await page.goto('/admin/audit')
  await expect(page.getByRole('main')).toContainText(reason)
})
