export default import.meta.glob<Record<string, unknown>>('../../locales/en/{common,account,home}.json', { eager: true, import: 'default' })
