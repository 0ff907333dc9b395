// Reads the closed list of error codes from its source, and lays it out as a page.
import { parseSync, Visitor } from 'oxc-parser'

/** @typedef {{ code: string, meaning: string, details: string, isRetryable: boolean }} ErrorCode */

/**
 * @param {string} source of packages/core/src/errors.ts
 * @returns {ErrorCode[]} in the order of the source
 */
export function errorCodes(source) {
  const { program, comments } = parseSync('errors.ts', source)
  /** @type {ErrorCode[]} */
  const codes = []
  /** @type {Set<string>} */
  const retryable = new Set()
  new Visitor({
    TSInterfaceDeclaration(node) {
      if (node.id.name !== 'BseErrorDetails') return
      for (const member of node.body.body) {
        if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier' || !member.typeAnnotation) continue
        const comment = comments.findLast(({ end }) => end < member.start)
        const type = source.slice(member.typeAnnotation.typeAnnotation.start, member.typeAnnotation.typeAnnotation.end)
        codes.push({ code: member.key.name, meaning: plain(comment?.value ?? ''), details: detailsOf(type), isRetryable: false })
      }
    },
    VariableDeclarator(node) {
      if (node.id.type !== 'Identifier' || node.id.name !== 'RETRYABLE' || !node.init) return
      for (const [, code = ''] of source.slice(node.init.start, node.init.end).matchAll(/'([A-Z_]+)'/g)) retryable.add(code)
    },
  }).visit(program)
  return codes.map((code) => ({ ...code, isRetryable: retryable.has(code.code) }))
}

/** @param {string} comment */
function plain(comment) {
  return comment.replace(/^\*/, '').replaceAll(/\n\s*\*/g, ' ').replaceAll(/\s+/g, ' ').trim()
}

/** @param {string} type */
function detailsOf(type) {
  return type === 'Record<never, never>' ? '' : type.replaceAll('readonly ', '').replace(/^\{ /, '').replace(/ \}$/, '')
}

/** @param {readonly ErrorCode[]} codes */
export function errorsPage(codes) {
  const rows = codes.map(({ code, meaning, details, isRetryable }) =>
    [code, meaning, details === '' ? '' : `\`${details}\``, isRetryable ? 'yes' : 'no'].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  )
  return `# Errors

<!-- Written by scripts/errors-doc.mjs from packages/core/src/errors.ts. Do not edit. -->

Every error of the project is a \`BseError\` with one of these codes. Switch on \`code\`; the message is for people and may change.
\`details\` carries what the code promises: sizes are bytes, waits are milliseconds from now. "Retryable" means that the same call
may succeed later though nobody changes it. A call that was aborted rejects with the reason of its signal instead.

\`\`\`ts
import { isBseError } from '@bse/core'

try {
  await sync.photos.insert({ title, image })
} catch (error) {
  if (isBseError(error) && error.code === 'STORAGE_FULL') showRoomNeeded(error.details.neededBytes)
  else throw error
}
\`\`\`

| code | meaning | details | retryable |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}
`
}
