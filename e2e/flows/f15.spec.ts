import { administrator, register, takeEntry } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, fillIdentity, signOutOnScreen } from '../support/walk.ts'

test('F-15 whoever finds their own account of before signs in with that', async ({ page, t }) => {
  const entry = await takeEntry('student')
  const [holder, person] = [await register('student'), await register('student')]
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await enter(page, person)
  await page.goto('/verify')
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  const masked = `${holder.phone.slice(0, 3)}****${holder.phone.slice(7)}`
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(masked)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await alert.getByRole('button', { name: t('verify.holder_sign_in') }).click()
  await expect(page).toHaveURL(/\/login$/)
  await expect(page.getByRole('main')).toContainText(masked)
  await page.getByLabel(t('account.login.login')).fill(holder.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(holder.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
})

test('F-15 a school hears both sides, and whoever loses takes it to the level above', async ({ page, t }) => {
  test.slow() // four people take turns on the screen
  const school = await administrator('school')
  const county = await administrator('county')
  const entry = await takeEntry('teacher', (one) => one.school.id === school.scope.id)
  const [holder, person] = [await register('teacher'), await register('teacher')]
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })

  // Whoever finds their identity taken opens a case where they find it.
  await enter(page, person)
  await page.goto('/verify')
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await page.getByRole('alert').getByRole('button').first().click()
  await expect(page.getByRole('heading', { name: t('request.not_me.title') })).toBeVisible()
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  const [{ id }] = (await person.api.ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/me/tickets')).items as [{ id: string }]

  // The holder answers; nothing has changed for them.
  await signOutOnScreen(page, t)
  await enter(page, holder)
  await page.goto('/me/tickets')
  await expect(page.getByRole('main')).toContainText(t('me.cases.open', { by: school.scope.name }))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('me.cases.keep'), exact: true }).click()
  await page.getByLabel(t('me.cases.note')).fill('我教初二语文')
  await page.getByRole('button', { name: t('me.cases.keep_send') }).click()
  await expect(page.getByRole('main')).toContainText(t('me.cases.kept'))
  expect((await holder.api.ok(200, 'GET', '/api/v1/me')).binding.name).toBe(entry.name)

  // The school sees both sides, and must say why.
  await signOutOnScreen(page, t)
  await enter(page, school)
  await page.goto(`/admin/tickets?ticket=${id}`)
  const drawer = page.getByRole('dialog')
  const sides = drawer.getByRole('table', { name: t('admin_tickets.sides.label') })
  for (const one of [holder, person]) await expect(sides).toContainText(`${one.phone.slice(0, 3)}****${one.phone.slice(7)}`)
  await expect(sides).toContainText(t('admin_tickets.sides.ways.own'))
  await expect(sides).toContainText('我教初二语文')
  await expectNoOverflow(page)
  await expectAccessible(page)
  await drawer.getByText(t('admin_tickets.checked')).click()
  await drawer.getByRole('button', { name: t('admin_tickets.complete.hand_over') }).click()
  await expect(drawer).toContainText(t('admin_tickets.hand_over_answer_empty'))
  await drawer.getByLabel(t('admin_tickets.hand_over_answer')).fill('当面核对过身份证')
  await drawer.getByRole('button', { name: t('admin_tickets.complete.hand_over') }).click()
  await expect(page.getByText(t('admin_tickets.completed'))).toBeVisible()

  // The holder reads why, and appeals.
  await page.goto('/')
  await signOutOnScreen(page, t)
  await enter(page, holder)
  await page.goto('/me/tickets')
  await expect(page.getByRole('main')).toContainText(t('me.cases.why', { answer: '当面核对过身份证' }))
  const appealing = page.getByRole('button', { name: t('me.cases.appeal', { to: t('me.cases.level.county') }), exact: true })
  await appealing.click()
  await expectNoOverflow(page)
  await page.getByLabel(t('me.cases.appeal_note')).fill('核对的不是我')
  await page.getByRole('button', { name: t('me.cases.appeal_send') }).click()
  await expect(page.getByText(`${t('request.kind.not_me')} · ${t('me.cases.appealing')}`)).toBeVisible()
  await expect(appealing).toHaveCount(0)

  // The county sees what the school decided and what was answered to it, and has the last word, also before the other side has answered; what
  // was typed goes along into a no.
  const [appeal] = (await holder.api.ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/me/tickets')).items as [{ id: string }]
  await signOutOnScreen(page, t)
  await enter(page, county)
  await page.goto(`/admin/tickets?ticket=${appeal.id}`)
  await expect(drawer).toContainText(t('admin_tickets.first.done', { by: school.scope.name }))
  await expect(sides).toContainText('我教初二语文')
  await expect(drawer).toContainText(t('admin_tickets.hand_over_final_hint'))
  await expect(drawer).toContainText('当面核对过身份证')
  await expectNoOverflow(page)
  await drawer.getByText(t('admin_tickets.checked')).click()
  await drawer.getByLabel(t('admin_tickets.hand_over_answer')).fill('到校核实，原账号是本人')
  await drawer.getByRole('button', { name: t('admin_tickets.decline'), exact: true }).click()
  const no = page.getByRole('dialog', { name: t('admin_tickets.decline_title') })
  await expect(no.getByLabel(t('admin_tickets.own_words'))).toHaveValue('到校核实，原账号是本人')
  await no.getByRole('button', { name: t('common.cancel'), exact: true }).click()
  await expect(no).toHaveCount(0)
  const handOver = drawer.getByRole('button', { name: t('admin_tickets.complete.hand_over') })
  await expect(sides).toContainText(t('admin_tickets.sides.told').split('{')[0]!)
  await expect(handOver).toBeDisabled()
  await drawer.getByLabel(t('admin_tickets.unheard')).check()
  await expectAccessible(page)
  await handOver.click()
  await expect(page.getByText(t('admin_tickets.completed'))).toBeVisible()

  // What was weighed stays with the case.
  await page.goto(`/admin/tickets?ticket=${id}`)
  await expect(sides).toContainText('我教初二语文')
  await expect(drawer).toContainText(t('admin_tickets.decided_by', { by: school.scope.name }).split('{')[0]!)
  await expectNoOverflow(page)
  expect((await holder.api.ok(200, 'GET', '/api/v1/me')).binding.name).toBe(entry.name)
  await person.api.refused(409, 'appeal_final', 'POST', `/api/v1/me/cases/${appeal.id}/appeal`)
})
