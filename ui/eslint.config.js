import js from '@eslint/js'
import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.d.ts', 'src/components.d.ts'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    languageOptions: {
      globals: Object.fromEntries(
        [
          'window', 'document', 'navigator', 'location', 'history', 'sessionStorage', 'localStorage', 'setTimeout', 'clearTimeout',
          'setInterval', 'clearInterval', 'fetch', 'URL', 'console', 'crypto', 'process', 'matchMedia',
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: {
      'no-undef': 'off', // TypeScript knows the names
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      // A component that nobody imported is a button that does nothing; Element Plus's are found when the pages are built.
      'vue/no-undef-components': ['error', { ignorePatterns: ['^el-', '^router-(link|view)$'] }],
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/require-default-prop': 'off',
    },
  },
  {
    // A subject's rules serve every face, so they may not know a kit.
    files: ['src/core/**', 'src/domain/**', 'src/api/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['element-plus', 'element-plus/*', 'vant', 'vant/*', '@/faces/*'] }],
    },
  },
)
