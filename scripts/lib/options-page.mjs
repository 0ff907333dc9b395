// Lays the engine's options out as a page.

/** @typedef {{ readonly defaultValue: unknown, readonly takes: string, readonly meaning: string }} ValueOption */
/** @typedef {{ readonly isRequired: boolean, readonly takes: string, readonly meaning: string }} PartOption */

/**
 * @param {{ readonly [path: string]: ValueOption }} values
 * @param {{ readonly [path: string]: PartOption }} parts
 * @param {readonly { readonly option: string, readonly against: string, readonly rule: string }[]} contradictions
 */
export function optionsPage(values, parts, contradictions) {
  const partRows = Object.entries(parts).map(([path, part]) => row([`\`${path}\``, part.takes, part.isRequired ? 'yes' : '', part.meaning]))
  const valueRows = Object.entries(values).map(([path, option]) => row([`\`${path}\``, option.takes, `\`${shown(option.defaultValue)}\``, option.meaning]))
  const refusedRows = contradictions.map(({ option, against, rule }) => row([`\`${option}\``, `\`${against}\``, rule]))
  return `# Options of an engine

<!-- Written by scripts/options-doc.mjs from packages/core/src/option-table.ts. Do not edit. -->

What \`createSyncEngine\` takes, by path: \`cache.inlineMaxBytes\` is \`{ cache: { inlineMaxBytes } }\`. A name that is not here, and a value that
cannot be, is refused when the engine is made, with \`CONFIG_INVALID\`. Sizes are bytes: a number, or a decimal string (\`'500MB'\` is
500,000,000). \`DEFAULTS\` of \`@bse/core\` has the defaults as values.

## Parts

| option | takes | required | meaning |
| --- | --- | --- | --- |
${partRows.join('\n')}

## Values

| option | takes | default | meaning |
| --- | --- | --- | --- |
${valueRows.join('\n')}

## Contradictions

Two options that cannot both hold are refused too, with \`CONFIG_INVALID\` and the name of the first. Beside these: \`migrations\` has a step for
each version up to \`schemaVersion\`, and \`blobs.mirrors\` differ from each other and from the primary.

| option | against | rule |
| --- | --- | --- |
${refusedRows.join('\n')}
`
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** @param {unknown} value */
function shown(value) {
  return typeof value === 'string' ? `'${value}'` : typeof value === 'number' ? value.toLocaleString('en') : String(value)
}
