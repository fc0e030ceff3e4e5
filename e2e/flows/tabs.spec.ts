// Several tabs of one browser, which share the session.
import { register } from '../support/api.ts'
import { expect, test } from '../support/test.ts'
import { enter, signOutOnScreen } from '../support/walk.ts'

test('a tab does not go on showing, or acting for, who has left in another', async ({ page, context, t }) => {
  const person = await register()
  await enter(page, person)
  await page.goto('/me/security')
  await expect(page.locator('body')).toContainText(person.username)

  const other = await context.newPage()
  await other.goto('/space')
  await expect(other.getByRole('main').getByRole('heading').first()).toBeVisible()
  await signOutOnScreen(other, t)
  await expect(page.locator('body')).not.toContainText(person.username)
  await expect(page).toHaveURL(/\/login/)
})
