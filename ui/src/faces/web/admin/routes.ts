import type { RouteRecordRaw } from 'vue-router'
import AdminLayout from './AdminLayout.vue'

export const administration: RouteRecordRaw = {
  path: '/admin',
  component: AdminLayout,
  meta: { needs: 'administrator' },
  children: [
    { path: '', component: () => import('./OverviewPage.vue'), meta: { title: 'common.nav.admin', whose: 'everyone' } },
    { path: 'registry', component: () => import('./RegistryPage.vue'), meta: { title: 'admin.nav.registry' } },
    { path: 'registry/import', component: () => import('./ImportPage.vue'), meta: { title: 'admin.nav.import' } },
    { path: 'schools', component: () => import('./SchoolsPage.vue'), meta: { title: 'admin.nav.schools', whose: 'offices' } },
    { path: 'classes', component: () => import('./ClassesPage.vue'), meta: { title: 'admin.nav.classes' } },
    { path: 'school-year', component: () => import('./SchoolYearPage.vue'), meta: { title: 'admin.nav.school_year' } },
    { path: 'slips', component: () => import('./SlipsPage.vue'), meta: { title: 'slip.print.title' } },
    { path: 'accounts', component: () => import('./AccountsPage.vue'), meta: { title: 'admin.nav.accounts' } },
    { path: 'tickets', component: () => import('./TicketsPage.vue'), meta: { title: 'admin.nav.tickets', whose: 'everyone' } },
    { path: 'guardians', component: () => import('./GuardiansPage.vue'), meta: { title: 'admin.nav.guardians' } },
    { path: 'transfers', component: () => import('./TransfersPage.vue'), meta: { title: 'admin.nav.transfers' } },
    { path: 'moves', component: () => import('./MovesPage.vue'), meta: { title: 'admin.nav.moves' } },
    { path: 'administrators', component: () => import('./AdministratorsPage.vue'), meta: { title: 'admin.nav.administrators', whose: 'offices' } },
    { path: 'recoveries', component: () => import('./RecoveriesPage.vue'), meta: { title: 'admin.nav.recoveries', whose: 'everyone' } },
    { path: 'statistics', component: () => import('./StatisticsPage.vue'), meta: { title: 'admin.nav.statistics' } },
    { path: 'sms', component: () => import('./SmsPage.vue'), meta: { title: 'admin.nav.sms', whose: 'province' } },
    { path: 'looks', component: () => import('./LooksPage.vue'), meta: { title: 'admin.nav.looks' } },
    { path: 'audit', component: () => import('./AuditPage.vue'), meta: { title: 'admin.nav.audit' } },
    { path: ':rest(.*)*', component: () => import('../pages/NotFoundPage.vue'), meta: { title: 'common.not_found.title', whose: 'everyone' } },
  ],
}
