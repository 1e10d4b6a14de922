/** Whether an address, as the browser reads it here, is of this server. */
export function isOwn(address: string, origin: string): boolean {
  try {
    return new URL(address, origin).origin === origin
  } catch {
    return false
  }
}

/**
 * Where sign-in leads back to: a path of ours with its query, undefined for any other. The browser decides what is ours,
 * since it leaves out tabs and line ends, reads a backslash as a slash, and takes a path that begins with two slashes
 * for another server.
 */
export function safeNext(next: string | null | undefined, origin: string): string | undefined {
  if (!next?.startsWith('/') || !isOwn(next, origin)) return undefined
  const url = new URL(next, origin)
  const path = url.pathname + url.search + url.hash
  return isOwn(path, origin) && new URL(path, origin).href === url.href ? path : undefined
}
