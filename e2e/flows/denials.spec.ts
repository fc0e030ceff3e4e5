// "This was not me" and what it leads to: a freeze is told where somebody was signed out by it; what an office decided leads to the
// appeal; whoever lost the SMS stops a recovery from within the account.
import { administrator, Api, register, sendCode, signIn, takeEntry } from '../support/api.ts'
import { newName, newPhone, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, signInOnScreen } from '../support/walk.ts'

const masked = (phone: string) => `${phone.slice(0, 3)}****${phone.slice(7)}`

/** The token of the newest link that a phone was sent with these words. */
async function linkOf(phone: string, words: RegExp): Promise<string> {
  const outbox = await Api.open()
  const find = async () => {
    const sent = await outbox.ok<{ text: string }[]>(200, 'GET', `/demo/outbox?phone=${phone}`)
    return sent.filter(({ text }) => words.test(text)).map(({ text }) => /\/n#([\w-]+)/.exec(text)?.[1]).find(Boolean)
  }
  await expect.poll(find, { timeout: 20_000 }).toBeTruthy()
  return (await find())!
}

test('whoever is signed out by a freeze reads so, with the way back', async ({ page, t }) => {
  const person = await register('public')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/security')
  await expect(page.getByRole('list', { name: t('devices.title') }).getByRole('listitem').first()).toBeVisible()
  const here = await signIn(person.username, person.password)
  const phone = newPhone()
  await here.ok(200, 'PUT', '/api/v1/me/phone', { password: person.password, phone, sms_code: await sendCode(here, phone, 'change_phone') })
  const token = await linkOf(phone, /已绑定本手机号/)
  await (await Api.open()).ok(200, 'POST', '/api/v1/notice-links/freeze', { token })

  // The page that was open says why, and no password is asked for that would not open the account.
  await page.getByRole('button', { name: t('devices.end_others') }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText(/冻结|frozen/)
  await expect(dialog.getByLabel(t('account.password.label'))).toHaveCount(0)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.reload()
  await expect(page).toHaveURL(/\/login/)
  await expect(page.getByRole('status')).toContainText(/冻结|frozen/)
  await expectNoOverflow(page)
  await expectAccessible(page)

  // Whoever signs in is told which phone takes the account back: the one of before the change that is denied.
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(person.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page.getByRole('alert')).toContainText(masked(person.phone))
})

test('F-08 whoever has lost the SMS stops a recovery from within the account', async ({ page, t }) => {
  const entry = await takeEntry('teacher')
  const [owner, phone] = [await register('teacher'), newPhone()]
  await owner.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  const stranger = await Api.open()
  await stranger.ok(201, 'POST', '/api/v1/recoveries', {
    kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name, phone, sms_code: await sendCode(stranger, phone, 'recover_account'), proof: 'school',
  })
  await enter(page, owner)
  await page.goto('/space')
  await page.getByRole('listitem').filter({ hasText: /申请找回您的账号|asks for your account/ }).getByRole('button').click()
  const asked = page.locator('#recovery')
  await expect(asked).toBeInViewport()
  await expect(asked).toContainText(masked(phone))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await asked.getByRole('button', { name: t('me.asked.deny') }).click()
  await expect(asked).toContainText(t('account.password.empty'))
  await asked.getByLabel(t('account.password.current')).fill(owner.password)
  await asked.getByRole('button', { name: t('me.asked.deny') }).click()
  await expect(page.getByRole('heading', { name: t('notice.frozen.title') })).toBeVisible()
  await expect(page.getByRole('main')).toContainText(t('notice.frozen.by_phone_detail', { phone: masked(owner.phone) }))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await owner.api.refused(401, 'unauthenticated', 'GET', '/api/v1/me')
})

test('F-15 the SMS about a lost identity leads to the appeal, and not to a freeze', async ({ page, t }) => {
  const school = await administrator('school')
  const office = await signIn(school.username, school.password)
  const entry = await takeEntry('teacher', (one) => one.school.id === school.scope.id)
  const [holder, asker] = [await register('teacher'), await register('teacher')]
  const own = { id_type: 'resident_id', id_number: entry.id_number, name: entry.name }
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', ...own })
  const { id } = await asker.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/tickets', { kind: 'not_me', entry_kind: 'teacher', ...own })
  await office.ok(200, 'POST', `/api/v1/admin/tickets/${id}/complete`, { answer: '当面核对过身份证', holder_unanswered: true })
  await page.goto(`/n#${await linkOf(holder.phone, /转给另一个账号/)}`)
  await expect(page.getByRole('heading', { name: t('notice.remedy.handed_over.title') })).toBeVisible()
  await expect(page.getByRole('button', { name: t('notice.freeze') })).toHaveCount(0)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('notice.remedy.handed_over.go') }).click()
  await expect(page).toHaveURL(/\/login/)
  await page.getByLabel(t('account.login.login')).fill(holder.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(holder.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).toHaveURL(/\/me\/tickets/)
  await expect(page.getByRole('main')).toContainText(t('me.cases.why', { answer: '当面核对过身份证' }))
  await page.getByRole('button', { name: t('me.cases.appeal', { to: t('me.cases.level.county') }), exact: true }).click()
  await page.getByLabel(t('me.cases.appeal_note')).fill('核对的不是我')
  await page.getByRole('button', { name: t('me.cases.appeal_send') }).click()
  await expect(page.getByText(`${t('request.kind.not_me')} · ${t('me.cases.appealing')}`)).toBeVisible()

  // The other side reads who decides, and of no answer that they never gave.
  const outbox = await Api.open()
  const told = () => outbox.ok<{ text: string }[]>(200, 'GET', `/demo/outbox?phone=${asker.phone}`).then((all) => all.filter(({ text }) => /申诉/.test(text)).length)
  await expect.poll(told, { timeout: 20_000 }).toBe(1)
  await page.context().clearCookies()
  await enter(page, asker)
  await page.goto('/me/tickets')
  await expect(page.getByRole('button', { name: t('me.cases.keep'), exact: true })).toBeVisible()
  await expect(page.getByRole('main')).not.toContainText(t('me.cases.kept_before'))
})

test('F-21 whoever is told that they are the guardian of a child that is not theirs is led to where it ends', async ({ page, t }) => {
  const [pupil, parent, school] = [await register('student'), await register('parent'), await administrator('school')]
  const office = await signIn(school.username, school.password)
  const child = { name: newName(), id_type: 'resident_id', id_number: newResidentID() }
  await office.ok(201, 'POST', '/api/v1/admin/registry', { ...child, kind: 'student', school_id: school.scope.id })
  await pupil.api.ok(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'student' })
  const asked = await parent.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'parent', guardian_name: '王芳', relation: 'mother' })
  await office.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [asked.id], confirm: true })
  await enter(page, parent)
  await page.goto(`/n#${await linkOf(parent.phone, /学生的家长/)}`)
  await expect(page.getByRole('heading', { name: t('notice.remedy.guardian_linked.title') })).toBeVisible()
  await expect(page.getByRole('button', { name: t('notice.guardian.freeze') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('notice.remedy.guardian_linked.go') }).click()
  await expect(page.locator('#children')).toContainText(child.name)
  await expect(page.getByRole('button', { name: t('guardian.leave') })).toBeVisible()
})
