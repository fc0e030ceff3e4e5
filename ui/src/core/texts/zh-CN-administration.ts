export default import.meta.glob<Record<string, unknown>>('../../locales/zh-CN/admin*.json', { eager: true, import: 'default' })
