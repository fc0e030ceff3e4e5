/** The longest side of a photo that is sent: print on a card can be read in it, and a slow line carries it. */
const longest = 2600
const heavy = 1_500_000

/** What a copy may be, for the chooser; the server looks at the content itself. */
export const copyTypes = 'image/jpeg,image/png,image/webp,application/pdf'
export const copyMax = 10 * 1024 * 1024

/** A photo made small enough to send, or the file as it is where it is small already or no picture that opens. */
export async function madeSmaller(file: File): Promise<Blob> {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type)) return file
  const address = URL.createObjectURL(file)
  try {
    const picture = await opened(address)
    const scale = Math.min(1, longest / Math.max(picture.naturalWidth, picture.naturalHeight))
    if (scale === 1 && file.size < heavy) return file
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(picture.naturalWidth * scale)
    canvas.height = Math.round(picture.naturalHeight * scale)
    const pen = canvas.getContext('2d')
    if (!pen) return file
    pen.fillStyle = '#fff'
    pen.fillRect(0, 0, canvas.width, canvas.height)
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.88))
    return small && small.size < file.size ? small : file
  } catch {
    return file
  } finally {
    URL.revokeObjectURL(address)
  }
}

function opened(address: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const picture = new Image()
    picture.onload = () => resolve(picture)
    picture.onerror = () => reject(new Error('no picture'))
    picture.src = address
  })
}
