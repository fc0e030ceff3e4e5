import '@/styles/tokens.css'
import '@/styles/base.css'
import '@/styles/unsupported.css'
import { createApp } from 'vue'
import { whenSessionEnds } from '@/api/client'
import { i18n, useLanguage } from '@/core/i18n'
import { currentLanguage } from '@/core/language'
import { renewSession } from '@/core/session'
import { knowSettings } from '@/core/settings'
import App from './App.vue'
import { router } from './router'

whenSessionEnds(renewSession)
void knowSettings()

matchMedia('(prefers-color-scheme: dark)').addListener((dark) => {
  document.documentElement.classList.toggle('dark', dark.matches)
})

// After an update of the server an open page asks for pieces that are gone: take the new ones, once.
window.addEventListener('vite:preloadError', (event) => {
  if (sessionStorage.getItem('caotang.reloaded') === location.pathname) return
  event.preventDefault()
  sessionStorage.setItem('caotang.reloaded', location.pathname)
  location.reload()
})

useLanguage(currentLanguage())
  .catch(() => useLanguage('zh-CN'))
  .then(() => createApp(App).use(i18n).use(router).mount('#app'))
