import { common } from './common'
import { translator } from './translate.svelte'

/** Strings about files, which staff's and candidates' pages share. */
export const files = {
  'upload.list': 'Attached files',
  'upload.remove': 'Remove {name}',
  'upload.retry': 'Try {name} again',
  'upload.progress': '{name}: {done} of {total}',
  'upload.many': 'At most {limit} files in one message; {names} was left out',
  'upload.large': '{name} has {size}; at most {limit}',
  'upload.empty': '{name} is empty',
  'upload.failed': 'not attached',
  'upload.add': 'Attach files',
  'file.title': 'A file',
  'file.started': 'The download has started.',
  'file.again': 'Download again',
  'file.failed': 'The file cannot be downloaded',
  'file.download': 'Download {name}, {size}',
} as const

export const t = translator({ en: { ...common, ...files } })
