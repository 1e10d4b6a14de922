/**
 * What can be seen of a text. The server judges in the same way (domain.Blank); both are tested with
 * internal/domain/testdata/visible.json.
 */

/** White space, control and format characters, fillers, blanks, selectors and joiners alone. */
const unseen = /^[\s\p{Cc}\p{Cf}\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\ufffc\u{e0000}-\u{e007f}\u{e0100}-\u{e01ef}]*$/u

/** Format characters that are seen, as the Arabic number sign. */
const signs = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u

/** Whether nothing of the text can be seen: nobody can read it, so it is empty. */
export const blank = (text: string): boolean => unseen.test(text) && !signs.test(text)
