import { nextTick } from 'vue'
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { detour, type Needs } from '@/core/guards'
import { loadTexts, t, type Depth } from '@/core/i18n'
import { knowSession, me } from '@/core/session'
import { knowSettings } from '@/core/settings'
import type { Whose } from '@/domain/scope/scope'

declare module 'vue-router' {
  interface RouteMeta {
    /** Who may open the page; anyone when absent. */
    needs?: Needs
    /** Whose a page of the administration is. */
    whose?: Whose
    /** Key of the page's title. */
    title?: string
  }
}

/** A page that comes together with the texts of its depth. */
const page = <T>(depth: Depth, module: () => Promise<T>) => () => Promise.all([module(), loadTexts(depth)]).then(([loaded]) => loaded)

/** The administration, which few people open: its routes come with its pages, when somebody first does. */
const administration: RouteRecordRaw = {
  path: '/admin/:rest(.*)*',
  name: 'administration',
  component: { render: () => null },
  meta: { needs: 'administrator' },
  beforeEnter: async (to) => {
    const [loaded] = await Promise.all([import('./admin/routes'), loadTexts('administration')])
    router.removeRoute('administration')
    router.addRoute(loaded.administration)
    return to.fullPath
  },
}

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, _from, saved) => saved ?? (to.hash ? { el: to.hash } : { top: 0 }),
  routes: [
    { path: '/', component: () => import('./pages/HomePage.vue') },
    { path: '/login', component: () => import('./pages/LoginPage.vue'), meta: { title: 'account.sign_in' } },
    { path: '/register', component: () => import('./pages/RegisterPage.vue'), meta: { title: 'account.register' } },
    { path: '/reset-password', component: page('member', () => import('./pages/ResetPasswordPage.vue')), meta: { title: 'reset.title' } },
    { path: '/recover', component: page('member', () => import('./pages/RecoverPage.vue')), meta: { title: 'recovery.title' } },
    { path: '/activate', component: page('member', () => import('./pages/ActivatePage.vue')), meta: { title: 'slip.title' } },
    { path: '/consent', component: page('member', () => import('./pages/ConsentPage.vue')), meta: { title: 'consent.title' } },
    { path: '/n', component: page('member', () => import('./pages/NotMePage.vue')), meta: { title: 'notice.title' } },
    { path: '/verify', component: page('member', () => import('./pages/VerifyPage.vue')), meta: { needs: 'ready', title: 'verify.title' } },
    { path: '/slips/:id', component: page('administration', () => import('./pages/ClassSlipsPage.vue')), meta: { needs: 'ready', title: 'slip.print.title' } },
    { path: '/space', component: page('member', () => import('./pages/SpacePage.vue')), meta: { needs: 'ready', title: 'space.title' } },
    { path: '/apps', component: page('member', () => import('./pages/AppsPage.vue')), meta: { needs: 'ready', title: 'apps.title' } },
    { path: '/space/classes/:id', component: page('member', () => import('./pages/TaughtClassPage.vue')), meta: { needs: 'ready', title: 'space.pupils_title' } },
    {
      path: '/me',
      component: page('member', () => import('./layouts/MeLayout.vue')),
      children: [
        { path: '', component: () => import('./pages/ProfilePage.vue'), meta: { needs: 'ready', title: 'me.profile.title' } },
        { path: 'security', component: () => import('./pages/SecurityPage.vue'), meta: { needs: 'signed_in', title: 'me.security.title' } },
        { path: 'transfers', component: () => import('./pages/TransfersPage.vue'), meta: { needs: 'ready', title: 'transfer.title' } },
        { path: 'data', component: () => import('./pages/DataPage.vue'), meta: { needs: 'signed_in', title: 'own.title' } },
        { path: 'close', component: () => import('./pages/ClosePage.vue'), meta: { needs: 'signed_in', title: 'own.close.title' } },
        { path: 'closing', component: () => import('./pages/ClosingPage.vue'), meta: { needs: 'signed_in', title: 'own.closing.title' } },
        { path: 'tickets', component: () => import('./pages/TicketsPage.vue'), meta: { needs: 'ready', title: 'me.tickets.title' } },
      ],
    },
    administration,
    { path: '/demo', component: page('member', () => import('./pages/DemoPage.vue')), meta: { title: 'demo.title' } },
    { path: '/no-permission', component: () => import('./pages/NoPermissionPage.vue'), meta: { title: 'common.no_permission.title' } },
    { path: '/:rest(.*)*', component: () => import('./pages/NotFoundPage.vue'), meta: { title: 'common.not_found.title' } },
  ],
})

router.beforeEach(async (to) => {
  void knowSettings()
  if (!to.meta.needs) {
    void knowSession().catch(() => {})
    return true
  }
  try {
    await knowSession()
  } catch {
    // Without an answer the page opens and says itself that nothing came.
    return true
  }
  return detour(to.meta.needs, me.value, to.fullPath) ?? true
})

let first = true
router.afterEach((to, from) => {
  void nextTick(setTitle)
  // A reader who cannot see the screen is told of the new page by the focus.
  if (!first && to.path !== from.path) void nextTick(() => document.getElementById('main')?.focus({ preventScroll: true }))
  first = false
})

export function setTitle(): void {
  const key = router.currentRoute.value.meta.title
  document.title = key ? `${t(key)} · ${t('common.name')}` : t('common.full_name')
}

