/** A client-made key for one request: sent again under it, it is done once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18))
  return 'w-' + btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_')
}
