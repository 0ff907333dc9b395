import { isBseError, type ValidationIssue } from '@bse/core'

const LIMITS = {
  photo: 'Photos are images of up to 25 MB.',
  audio: 'Voice notes are audio of up to 10 MB.',
} as const

/** Why a file was not taken, in words for the person. The engine has refused it before anything was stored. */
export function refusalOf(file: File, kind: keyof typeof LIMITS, error: unknown): string {
  if (isBseError(error) && error.code === 'VALIDATION_FAILED') {
    const reasons = error.details.issues.map((issue) => reasonOf(file, kind, issue))
    return `“${file.name}” was not added: ${reasons.join(', ')}. ${LIMITS[kind]}`
  }
  if (isBseError(error) && error.code === 'STORAGE_FULL') return `“${file.name}” was not added: this device has no room left.`
  return `“${file.name}” could not be stored (${isBseError(error) ? error.code : String(error)}). It is not in the album: please try again.`
}

function reasonOf(file: File, kind: keyof typeof LIMITS, issue: ValidationIssue): string {
  if (issue.rule === 'mime-type') return `${file.type === '' ? 'a file of unknown type' : file.type} is not ${kind === 'photo' ? 'an image' : 'audio'}`
  if (issue.rule === 'max-size') return `it has ${Math.ceil(file.size / 1e6)} MB`
  return issue.message
}
