import { t } from '../i18n/common'
import { ApiError } from './api'

/**
 * A failure in words for a person: what happened, what was kept, what to do. For `invalid`, `conflict`, `gone` and
 * `too_large` the server's own sentence is the best there is.
 */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.internal', { request: '–' })
  switch (error.code) {
    case 'network':
      return error.outcomeUnknown ? t('error.unknownOutcome') : t('error.network')
    case 'unavailable':
      if (error.outcomeUnknown) return t('error.unknownOutcome')
      return error.retryAfter ? t('error.unavailableIn', { count: error.retryAfter }) : t('error.unavailable')
    case 'rate_limited':
      return t('error.rateLimited', { count: error.retryAfter ?? 30 })
    case 'unauthenticated':
      return t('session.over.title')
    case 'forbidden':
      return t('error.forbidden')
    case 'not_found':
      return t('error.notFound')
    case 'internal':
      return t('error.internal', { request: error.request ?? '–' })
    default:
      return error.message
  }
}
