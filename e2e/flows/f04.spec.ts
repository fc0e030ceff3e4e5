// F-04: "确认密码格式是否正确,8-15位必须包含数字、大写字母、小写字母".
import { newUsername } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { fillAccount } from '../support/walk.ts'

test('F-04 each rule of the password is ticked off while one types, and none is passed over', { tag: '@screen' }, async ({ page, t }) => {
  await fillAccount(page, t, 'public', newUsername(), 'abcdefgh')
  // The next step is not reached: the form stays, and says which rules are unmet.
  const password = page.getByLabel(t('account.password.label'), { exact: true })
  await expect(password).toHaveValue('abcdefgh')
  await expect(page.getByText(t('account.password.unmet'))).toBeVisible()
  const rules = page.getByRole('list', { name: t('account.password.rules') }).getByRole('listitem')
  const says = async (rule: string, met: boolean) =>
    await expect(rules.filter({ hasText: t(`account.password.${rule}`, { min: 8, max: 15 }) })).toContainText(t(met ? 'account.password.met' : 'account.password.not_met'))
  await says('lower', true)
  await says('upper', false)
  await says('digit', false)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await password.fill('Abcdef12!')
  await says('upper', true)
  await says('digit', true)
  await says('no_special', false)
  await password.fill('Abcdefgh12345678')
  await says('length', false)
  await password.fill('Abcdef12')
  for (const rule of ['length', 'digit', 'upper', 'lower', 'no_special']) await says(rule, true)
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toBeVisible()
})
