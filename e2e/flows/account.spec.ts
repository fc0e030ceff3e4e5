import { administrator, register } from '../support/api.ts'
import { newName, newPhone, newResidentID, newUsername } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('a reset that reaches no phone claims no message, and leads on to the school', async ({ page, t }) => {
  await page.goto('/reset-password')
  await page.getByLabel(t('account.username.label')).fill(newUsername())
  await page.getByLabel(t('account.phone.label'), { exact: true }).fill(newPhone())
  await page.getByRole('button', { name: t('account.code.get') }).click()
  const news = page.getByRole('status')
  await expect(news).toContainText(t('recovery.withheld'))
  await expect(news).not.toContainText(t('account.message.sent'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await expect(page.getByRole('link', { name: t('recovery.ways.lost') })).toHaveAttribute('href', '/recover')
  await page.getByRole('link', { name: t('recovery.ways.by_school') }).click()
  await expect(page.getByRole('heading', { name: t('recovery.title') })).toBeVisible()
})

test('the sign-in page says where a one-time code and a slip belong', { tag: '@screen' }, async ({ page, t }) => {
  await page.goto('/login')
  await expect(page.getByText(t('account.login.one_time_code'))).toBeVisible()
  await page.getByRole('link', { name: t('account.slip.have') }).click()
  await expect(page).toHaveURL(/\/activate/)
})

test('an administrator shows somebody their whole username, and the look is on record', async ({ page, t }) => {
  const person = await register('public')
  const above = await administrator('province')
  await enter(page, above)
  await page.goto('/admin/accounts')
  await page.getByLabel(t('admin_accounts.search')).fill(person.phone)
  await page.getByRole('search').getByRole('button', { name: t('admin_accounts.find') }).click()
  const list = page.getByRole('list', { name: t('admin_accounts.found') })
  await expect(list).not.toContainText(person.username)
  await list.getByRole('button', { name: t('admin_accounts.reveal.button') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: t('admin_accounts.reveal.reason_forgot') }).click()
  await dialog.getByRole('button', { name: t('admin_accounts.reveal.confirm'), exact: true }).click()
  await expect(list).toContainText(person.username)
  await expectNoOverflow(page)
  await page.goto('/admin/audit')
  await expect(page.getByRole('main')).toContainText(t('record.account.reveal_username'))
})

test('a request is held against the full numbers by the school, and taken back by whoever asked', async ({ page, t }) => {
  const person = await register('student')
  const school = await administrator('school')
  const [name, id_number] = [newName(), newResidentID()]
  const asked = { kind: 'missing_entry', school_id: school.scope.id, entry_kind: 'student', id_type: 'resident_id', id_number, name }
  const { id } = await person.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/tickets', asked)
  await enter(page, school)
  await page.goto(`/admin/tickets?ticket=${id}`)
  const drawer = page.getByRole('dialog', { name: t('admin_tickets.kind.missing_entry') })
  await expect(drawer).toContainText(`${person.phone.slice(0, 3)}****${person.phone.slice(7)}`)
  for (const hidden of [id_number, person.username, person.phone]) await expect(drawer).not.toContainText(hidden)
  await drawer.getByRole('button', { name: t('admin_tickets.reveal.button') }).click()
  const ask = page.getByRole('dialog', { name: t('admin_tickets.reveal.title') })
  const reason = t('admin_tickets.reveal.reason_call')
  await ask.getByRole('button', { name: reason }).click()
  await ask.getByRole('button', { name: t('admin_tickets.reveal.confirm'), exact: true }).click()
  await expect(drawer).toContainText(person.phone)
  await expect(drawer).toContainText(person.username)
  expect((await drawer.innerText()).replaceAll(/\s/g, '')).toContain(id_number)
  await drawer.getByRole('button', { name: t('admin_tickets.reveal.hide') }).click()
  await expect(drawer).not.toContainText(person.phone)
  await page.goto('/admin/audit')
  await expect(page.getByRole('main')).toContainText(reason)

  await signOutOnScreen(page, t)
  await enter(page, person)
  await page.goto('/me/tickets')
  await expect(page.getByRole('main')).toContainText(t('request.state.open'))
  await page.getByRole('button', { name: t('me.tickets.withdraw'), exact: true }).click()
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('me.tickets.withdraw_yes') }).click()
  await expect(page.getByRole('main')).toContainText(t('request.state.withdrawn'))
  await expect(page.getByRole('button', { name: t('me.tickets.withdraw'), exact: true })).toHaveCount(0)
})

test('somebody who signs out is shown as gone only when the server has ended the session', async ({ page, t }) => {
  const person = await register()
  await signInOnScreen(page, t, person.username, person.password)
  const header = page.getByRole('banner')
  const signIn = header.getByRole('link', { name: t('common.nav.sign_in') })
  await page.route('**/api/v1/sessions/current', (route) => route.abort(), { times: 1 })
  await page.locator('header button[aria-haspopup]').click()
  await header.getByRole('button', { name: t('common.nav.sign_out') }).click()
  await expect(header.getByRole('alert')).toHaveText(t('common.nav.stayed'))
  await expectNoOverflow(page)

  let answer = () => {}
  const asked = new Promise<void>((sent) => {
    void page.route('**/api/v1/sessions/current', async (route) => {
      sent()
      await new Promise<void>((resolve) => (answer = resolve))
      await route.continue()
    })
  })
  await header.getByRole('button', { name: t('common.nav.sign_out') }).click()
  await asked
  await expect(header.getByRole('alert')).toHaveCount(0)
  await expect(signIn).toHaveCount(0)
  answer()
  await expect(signIn).toBeVisible()
})
