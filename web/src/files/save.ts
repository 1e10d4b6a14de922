/** Saves what is at an address of ours, as a click on a download link does. */
export function save(address: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  link.click()
}
