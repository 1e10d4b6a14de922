// Which files may go with a message.

export const limits = { files: 10, fileBytes: 10 * 1024 * 1024 } as const

/** What the file dialog offers; the server looks at the content. */
// HEIC is taken too but not named: phones that are asked for JPEG alone turn their pictures into it, with a preview.
export const accepted =
  'image/png,image/jpeg,image/gif,image/webp,application/pdf,text/plain,text/csv,.docx,.xlsx,.pptx,.odt,.ods,.odp,application/zip,message/rfc822,.eml'

export type Choice = { take: File[]; many: string[]; large: File[]; empty: string[] }

/** Which of the files given can go with a message that has so many already. */
export function choose(files: readonly File[], already: number): Choice {
  const out: Choice = { take: [], many: [], large: [], empty: [] }
  for (const file of files) {
    if (file.size === 0) out.empty.push(file.name)
    else if (file.size > limits.fileBytes) out.large.push(file)
    else if (already + out.take.length >= limits.files) out.many.push(file.name)
    else out.take.push(file)
  }
  return out
}

/** A pasted picture has no name of its own: `picture-2026-11-21-09-41-07.png`. */
export function pastedName(file: { name: string; type: string }, at: Date): string {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file.name
  const two = (n: number) => String(n).padStart(2, '0')
  const stamp = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate()), two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join('-')
  return `picture-${stamp}.${(file.type.split('/')[1] ?? 'png').replace('jpeg', 'jpg').replace(/\W.*$/, '')}`
}
