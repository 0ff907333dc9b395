import { parseSync, Visitor } from 'oxc-parser'

export interface Import {
  readonly specifier: string
  /** True for `import('…')` of values; types in `import('…').T` are static. */
  readonly dynamic: boolean
}

export interface ModuleFacts {
  readonly imports: readonly Import[]
  readonly hasDefaultExport: boolean
  readonly hasStarExport: boolean
}

/** What a module imports, types included, and the two kinds of export that this project does without. */
export function factsOf(path: string, source: string): ModuleFacts {
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const imports: Import[] = []
  let hasDefaultExport = false
  let hasStarExport = false
  new Visitor({
    ImportDeclaration: (node) => void imports.push({ specifier: node.source.value, dynamic: false }),
    ExportAllDeclaration: (node) => {
      imports.push({ specifier: node.source.value, dynamic: false })
      hasStarExport = true
    },
    ExportNamedDeclaration: (node) => {
      if (node.source) imports.push({ specifier: node.source.value, dynamic: false })
      hasDefaultExport ||= node.specifiers.some(({ exported }) => exported.type === 'Identifier' && exported.name === 'default')
    },
    ExportDefaultDeclaration: () => void (hasDefaultExport = true),
    ImportExpression: (node) => {
      if (node.source.type !== 'Literal' || typeof node.source.value !== 'string') throw new Error(`${path}: an import whose name is computed`)
      imports.push({ specifier: node.source.value, dynamic: true })
    },
    TSImportType: (node) => void imports.push({ specifier: node.source.value, dynamic: false }),
  }).visit(program)
  return { imports, hasDefaultExport, hasStarExport }
}
