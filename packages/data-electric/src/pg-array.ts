import type { Json } from '@bse/core/wire'

/** Reads the text of a Postgres array, nested ones too; `item` reads an element. `undefined` for a text that is no array. */
export function parseArray(text: string, item: (text: string) => Json): readonly Json[] | undefined {
  // `[0:1]={a,b}`: bounds that do not begin at one are said first.
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const reader = new ArrayReader(text, start, item)
  const value = reader.list()
  return reader.isAtEnd ? value : undefined
}

class ArrayReader {
  readonly #text: string
  readonly #item: (text: string) => Json
  #at: number

  constructor(text: string, at: number, item: (text: string) => Json) {
    this.#text = text
    this.#at = at
    this.#item = item
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  list(): readonly Json[] | undefined {
    if (!this.#takes('{')) return undefined
    const items: Json[] = []
    if (this.#takes('}')) return items
    do {
      const next = this.#element()
      if (next === undefined) return undefined
      items.push(next)
    } while (this.#takes(','))
    return this.#takes('}') ? items : undefined
  }

  #element(): Json | undefined {
    const first = this.#text[this.#at]
    if (first === '{') return this.list()
    if (first === '"') return this.#quoted()
    const start = this.#at
    while (this.#at < this.#text.length && this.#text[this.#at] !== ',' && this.#text[this.#at] !== '}') this.#at += 1
    const text = this.#text.slice(start, this.#at)
    return text === 'NULL' ? null : this.#item(text)
  }

  #quoted(): Json | undefined {
    let text = ''
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      if (this.#takes('"')) return this.#item(text)
      if (this.#text[this.#at] === '\\') this.#at += 1
      text += this.#text[this.#at] ?? ''
    }
    return undefined
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }
}
