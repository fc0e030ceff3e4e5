export default import.meta.glob<Record<string, unknown>>('../../locales/en/admin*.json', { eager: true, import: 'default' })
