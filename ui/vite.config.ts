import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const server = process.env.CAOTANG_SERVER ?? 'http://127.0.0.1:8080'

// Each face's folder is its own Vite root, so that its paths and its build
// stay apart from the other faces'.
export default defineConfig({
  root: here('src/faces/web'),
  cacheDir: here('node_modules/.vite'),
  resolve: { alias: { '@': here('src') } },
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  plugins: [
    vue(),
    // Unit tests look at our own components; the kit's are stood in for there.
    process.env.VITEST
      ? null
      : Components({
          dirs: [],
          dts: here('src/components.d.ts'),
          resolvers: [ElementPlusResolver({ importStyle: 'css' })],
        }),
  ],
  build: {
    outDir: here('dist/web'),
    emptyOutDir: true,
    manifest: true,
    // School PCs and television boxes hold browsers as old as these.
    target: ['chrome64', 'safari12'],
    cssTarget: ['chrome64', 'safari12'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    port: 8102,
    proxy: {
      '^/(api|demo/(outbox|accounts|entries))(/|$|\\?)': { target: server },
    },
  },
  test: {
    root: here('.'),
    include: ['tests/**/*.test.ts', 'src/**/*.test.ts'],
    environment: 'happy-dom',
  },
})
