/**
 * After a reconnect each page reads its facts again, since frames that it missed are not repeated. A hall that comes back at
 * once is spread over this many milliseconds.
 */
export const caughtUpWithin = 8000
