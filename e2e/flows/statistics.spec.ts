import { administrator, Api, signIn } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

interface Row { id: string; name: string; student: { entries: number; activated: number } }

// 攀枝花: no other test changes its people.
const city = '510400'

test('F-30: from the province down to the names in a class that are still missing', async ({ page, t }) => {
  const account = await administrator('province')
  const api = await signIn(account.username, account.password)
  const below = async (scope: string): Promise<Row[]> => (await api.ok(200, 'GET', `/api/v1/admin/statistics?scope=${scope}`)).children.items
  const county = (await below(city))[0]!
  const school = (await below(county.id)).find(({ student }) => student.entries > student.activated)!
  const one = (await below(school.id)).find(({ id, student }) => id && student.entries > student.activated)!
  const missing = one.student.entries - one.student.activated

  await enter(page, account)
  await page.goto('/admin/statistics')
  await expect(page.getByRole('heading', { level: 1, name: t('admin.nav.statistics') })).toBeVisible()
  const table = page.getByRole('table')
  await table.getByRole('link', { name: '攀枝花市', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: '攀枝花市' })).toBeVisible()
  await expect(page.locator('canvas').first()).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await table.getByRole('link', { name: county.name, exact: true }).click()
  await table.getByRole('link', { name: school.name, exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: school.name })).toBeVisible()
  const [before = ''] = t('admin_statistics.see_missing_of', { n: missing, name: '|' }).split('|') // the class is called in the reader's language
  await table.getByRole('link', { name: before }).and(page.locator(`[href*="${one.id}"]`)).click()
  await expect(page).toHaveURL(/\/admin\/registry\?.*class_id=/)
  await expect(page.getByRole('table').getByRole('row').filter({ has: page.getByRole('cell') })).toHaveCount(Math.min(missing, 50))
})

test('F-30: a target is set, and says how many people are still to go', async ({ page, t }) => {
  const account = await administrator('province')
  await enter(page, account)
  await page.goto(`/admin/statistics?scope=${city}`)
  await page.getByRole('button', { name: t('admin_statistics.targets.button') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(t('admin_statistics.targets.percent')).fill('101')
  await expect(dialog.getByRole('alert')).toHaveText(t('admin_statistics.targets.range'))
  await dialog.getByLabel(t('admin_statistics.targets.percent')).fill('100')
  await dialog.getByRole('button', { name: t('admin_statistics.targets.set') }).click()
  await expect(dialog.getByText(t('admin_statistics.targets.own')).first()).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  const { scope } = await (await signIn(account.username, account.password)).ok(200, 'GET', `/api/v1/admin/statistics?scope=${city}`)
  const more = (scope.teacher.entries - scope.teacher.activated).toLocaleString('en-US')
  await expect(page.getByText(t('admin_statistics.short', { n: 100, more }))).toBeVisible()
})

test('F-30: the table is taken along as a workbook', async ({ page, t }) => {
  const account = await administrator('school')
  await enter(page, account)
  await page.goto('/admin/statistics')
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: t('admin_statistics.export') }).or(page.getByRole('button', { name: t('admin_statistics.export') })).click()
  expect((await download).suggestedFilename()).toContain(account.scope.name)
  await expect(page.getByRole('button', { name: t('admin_statistics.targets.button') })).toHaveCount(0)
  expect((await (await Api.open()).send('GET', '/api/v1/admin/statistics')).status()).toBe(401)
})
