import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The main process of the browser that runs on this profile. Helpers are not told of the profile, or have a type beside it. */
export function browserPid(profileDirectory: string): number {
  const chromium = `--user-data-dir=${profileDirectory}`
  const firefox = `--profile ${profileDirectory}`
  const found = processes().filter(({ command }) => !/ (?:--type=|-contentproc )/.test(command) && [chromium, firefox].some((told) => `${command} `.includes(` ${told} `)))
  const [first] = found
  if (first === undefined || found.length > 1) throw new Error(`${found.length} processes say that they are the browser of this profile`)
  return first.pid
}

interface Process {
  readonly pid: number
  readonly command: string
}

function processes(): readonly Process[] {
  if (existsSync('/proc/self/cmdline')) return readdirSync('/proc').flatMap(processOfFolder)
  const lines = execFileSync('ps', ['-Aww', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n')
  return lines.map((line) => ({ pid: Number.parseInt(line, 10), command: line.replace(/^ *\d+ /, '') }))
}

function processOfFolder(name: string): readonly Process[] {
  if (!/^\d+$/.test(name)) return []
  try {
    return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }]
  } catch {
    // It has ended since the folder was listed.
    return []
  }
}
