/** The columns of the list of entries, in their order. The name always stands. */
export const registryColumns = ['name', 'kind', 'id_number', 'number', 'school', 'class', 'bound', 'account', 'updated_at'] as const
export type RegistryColumn = (typeof registryColumns)[number]

const kept = 'caotang.registry.columns'

/** Columns shown before anybody chooses: the school only where there are several. */
export function usualColumns(severalSchools: boolean): RegistryColumn[] {
  return registryColumns.filter((column) => column !== 'number' && column !== 'updated_at' && (column !== 'school' || severalSchools))
}

/** The columns as chosen in this browser, else the usual ones. */
export function chosenColumns(severalSchools: boolean): RegistryColumn[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(kept) ?? 'null')
    if (Array.isArray(stored)) return registryColumns.filter((column) => column === 'name' || stored.includes(column))
  } catch {
    // Nothing can be kept here, or what was kept is not ours.
  }
  return usualColumns(severalSchools)
}

export function keepColumns(columns: RegistryColumn[] | null): void {
  try {
    if (columns) localStorage.setItem(kept, JSON.stringify(columns))
    else localStorage.removeItem(kept)
  } catch {
    // The choice lasts until the page is left.
  }
}
