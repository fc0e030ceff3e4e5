// Roster files as schools have them, and files that the product hands out.
import { inflateRawSync } from 'node:zlib'

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

/** The files in a .zip, by name, as its central directory lists them. */
export function unzip(zip: Buffer): Record<string, Buffer> {
  const files: Record<string, Buffer> = {}
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)]
    const header = zip.readUInt32LE(at + 42)
    const begin = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
    const packed = zip.subarray(begin, begin + zip.readUInt32LE(at + 20))
    files[zip.toString('utf8', at + 46, at + 46 + nameLength)] = zip.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed) : packed
    at += 46 + nameLength + extraLength + commentLength
  }
  return files
}
