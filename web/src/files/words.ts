import { t } from '../i18n/files'
import type { Choice } from './limits'
import { limits } from './limits'
import { size } from './sizes'

/** Which of the files that were chosen do not go along, and why, in words. */
export const leftOut = ({ large, empty, many }: Choice): string[] => [
  ...large.map((file) => t('upload.large', { name: file.name, size: size(file.size), limit: size(limits.fileBytes) })),
  ...empty.map((name) => t('upload.empty', { name })),
  ...(many.length ? [t('upload.many', { limit: limits.files, names: many.join(', ') })] : []),
]
