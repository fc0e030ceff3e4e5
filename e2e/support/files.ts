// Roster files as schools have them.

export interface UploadFile {
  name: string
  mimeType: string
  buffer: Buffer
}

/** A .csv file in UTF-8 with a byte order mark and CRLF, as spreadsheet programs write it. */
export function csv(name: string, rows: string[][]): UploadFile {
  const text = rows.map((row) => row.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')).join('\r\n')
  return { name, mimeType: 'text/csv', buffer: Buffer.from(`\ufeff${text}\r\n`, 'utf8') }
}

/** A picture that calls itself a spreadsheet. */
export const renamedPicture: UploadFile = {
  name: '学生名单.xlsx',
  mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  buffer: Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex'),
}
