import { administrator, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('F-26 the school year turns after one look, and is taken back', async ({ page, t }) => {
  // A school of its own with a class whose years are over, whatever the day is.
  const province = await administrator('province')
  const office = await signIn(province.username, province.password)
  const school = await office.ok(201, 'POST', '/api/v1/admin/schools', { code: `3151${newResidentID().slice(11, 17)}`, name: `草堂${newName()}中学`, region: '510104' })
  const { year } = await office.ok(200, 'GET', '/api/v1/admin/school-years/summary')
  const cohort = (entry_year: number, count: number) => office.ok(201, 'POST', '/api/v1/admin/classes/bulk', { school_id: school.id, stage: 'junior', entry_year, count })
  const [leaving] = (await cohort(year - 4, 1)).items
  await cohort(year - 3, 1) // by 六三制 its years are over too, by 五四制 it goes on
  await cohort(year - 1, 2)
  const pupil = { kind: 'student', id_type: 'resident_id', school_id: school.id, class_id: leaving.id }
  for (const name of [newName(), newName()]) await office.ok(201, 'POST', '/api/v1/admin/registry', { ...pupil, name, id_number: newResidentID() })

  await enter(page, province)
  // From June to August the coming year comes first: there the turn would only be planned.
  const present = await office.ok(200, 'GET', `/api/v1/admin/school-years/${school.id}`)
  await page.goto(`/admin/school-year?school=${school.id}`)
  if (!present.at_once) {
    await page.getByLabel(t('admin_school_year.which')).click()
    await page.getByRole('option', { name: t('admin_school_year.year', { year: year - 1, next: year }) }).click()
  }
  await expect(page.getByRole('checkbox')).toHaveCount(2)
  await page.getByText(t('admin_school_year.system.change', { system: t('admin_classes.system.54') })).click()
  await expect(page.getByRole('checkbox')).toHaveCount(1)
  await expect(page.getByRole('checkbox')).toBeChecked()
  await page.getByRole('button', { name: t('admin_school_year.system.add', { stage: t('admin.stage.junior'), system: t('admin_classes.system.54') }) }).click()
  const cohort54 = [t('admin.stage.junior'), t('class.grade.n6'), t('admin_classes.system.54')].join(' · ')
  await page.getByRole('button', { name: t('admin_school_year.system.remove_of', { name: cohort54 }) }).click()
  const will = (made: number) => page.getByText([t('admin_school_year.will.graduate', { classes: 1, pupils: 2 }), t('admin_school_year.will.make', { made })].join(t('admin_school_year.will.and')), { exact: true })
  await expect(will(2)).toBeVisible()
  await page.getByRole('button', { name: t('admin_school_year.system.add', { stage: t('admin.stage.junior'), system: t('admin_classes.system.54') }) }).click()
  await expect(will(3)).toBeVisible()
  // Where nothing is left to do, that is what is confirmed.
  const run = page.getByRole('button', { name: t('admin_school_year.run'), exact: true })
  for (const cohort of await page.getByRole('spinbutton').all()) await cohort.fill('0')
  await page.getByRole('checkbox').uncheck()
  await expect(page.getByText(t('admin_school_year.will.needless'))).toBeVisible()
  await expect(page.getByRole('button', { name: t('admin_school_year.run_nothing') })).toBeEnabled()
  await page.getByRole('checkbox').check()
  await expectAccessible(page)
  await expectNoOverflow(page)
  await run.click()
  await page.getByRole('dialog').getByRole('button', { name: t('admin_school_year.ask.run_yes') }).click()
  await expect(page.getByRole('link', { name: t('admin_school_year.see_graduates') })).toBeVisible()

  await page.getByRole('button', { name: t('admin_school_year.take_back'), exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: t('admin_school_year.take_back'), exact: true }).click()
  await expect(run).toBeVisible()
  await expect(page.getByRole('checkbox')).toBeChecked()
})
