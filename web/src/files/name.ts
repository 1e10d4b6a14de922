/** The file's name in a Content-Disposition (RFC 8187); '' if there is none. */
export function nameOf(disposition: string): string {
  const full = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  try {
    return full ? decodeURIComponent(full) : ''
  } catch {
    return ''
  }
}
