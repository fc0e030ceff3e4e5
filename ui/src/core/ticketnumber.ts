/**
 * How a ticket is called on the telephone: the first twelve signs of its id, in groups of four as a tracking number's. The box that
 * finds things takes them, whatever the case and with or without the dashes.
 */
export const ticketNumber = (id: string): string => (id.slice(0, 12).toUpperCase().match(/.{1,4}/g) ?? []).join('-')
