/** The languages the product speaks. Adding one: its code here and its dictionaries beside the English ones. */
export const languages = {
  en: { name: 'English', dir: 'ltr' },
} as const satisfies Record<string, { name: string; dir: 'ltr' | 'rtl' }>

export type Language = keyof typeof languages

/** The first language of a list of BCP 47 tags that we have, else English. */
export function choose(tags: readonly string[]): Language {
  for (const tag of tags) {
    const base = tag.toLowerCase().split('-')[0] ?? ''
    if (base in languages) return base as Language
  }
  return 'en'
}

class Locale {
  language: Language = $state('en')
  /** The full tag, for dates and numbers: an English page of a Norwegian reader still writes 24-hour times. */
  tag: string = $state('en-GB')

  /** Applies a person's locale (or the browser's) to the page. */
  apply(preferred: string | undefined, browser: readonly string[] = []): void {
    const tags = preferred ? [preferred, ...browser] : browser
    this.language = choose(tags)
    const exact = tags.find((tag) => tag.toLowerCase().split('-')[0] === this.language)
    this.tag = exact && exact !== 'en' ? exact : this.language === 'en' ? 'en-GB' : this.language
    if (typeof document !== 'undefined') {
      document.documentElement.lang = this.language
      document.documentElement.dir = languages[this.language].dir
    }
  }
}

export const locale = new Locale()
