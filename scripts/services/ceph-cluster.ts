import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cephConfig } from './ceph-config.ts'

/** A real S3, for tests. Buckets are everybody's: make your own. Parts of a multipart upload may be as small as 64 KiB here. */
export interface S3Service {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const run = promisify(execFile)
const HEALTHY_WITHIN_MS = 60_000

/** Ceph's daemons as children of this process; the kernel ends them with it. @throws Error that says what could not be started. */
export async function startCluster(): Promise<{ readonly service: S3Service; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'bse-ceph-'))
  const daemons: Daemon[] = []
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.reverse()) await daemon.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    return { service: await startIn(directory, daemons), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startIn(directory: string, daemons: Daemon[]): Promise<S3Service> {
  for (const name of ['mon', 'osd', 'rgw', 'run', 'log']) await mkdir(join(directory, name))
  const [fsid, osdId] = [randomUUID(), randomUUID()]
  const [gatewayPort, monitorPort] = [await freePort(), await freePort()]
  const config = join(directory, 'ceph.conf')
  await writeFile(config, cephConfig({ directory, fsid, gatewayPort, monitorPort }))
  const start = (command: string, args: readonly string[]): void => void daemons.push(new Daemon(command, ['-c', config, '-f', ...args]))
  await makeKeys(join(directory, 'keyring'))
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, join(directory, 'monmap')])
  await run('ceph-mon', ['-c', config, '--mkfs', '-i', 'a', '--monmap', join(directory, 'monmap'), '--keyring', join(directory, 'keyring')])
  start('ceph-mon', ['-i', 'a'])
  await run('ceph', ['-c', config, '--connect-timeout', '30', 'osd', 'new', osdId])
  await run('ceph-osd', ['-c', config, '-i', '0', '--mkfs', '--osd-uuid', osdId])
  start('ceph-osd', ['-i', '0'])
  start('radosgw', ['-n', 'client.rgw.a'])
  const endpoint = `http://127.0.0.1:${gatewayPort}`
  await healthy(endpoint, daemons)
  const { stdout } = await run('radosgw-admin', ['-c', config, 'user', 'create', '--uid=tests', '--display-name=tests'])
  const [key] = (JSON.parse(stdout) as { readonly keys: readonly { readonly access_key: string; readonly secret_key: string }[] }).keys
  if (key === undefined) throw new Error('radosgw-admin made a user without a key')
  return { endpoint, region: 'us-east-1', accessKeyId: key.access_key, secretAccessKey: key.secret_key }
}

async function makeKeys(keyring: string): Promise<void> {
  const every = ['--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *', '--cap', 'mds', 'allow *']
  await run('ceph-authtool', ['--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *'])
  await run('ceph-authtool', [keyring, '--gen-key', '-n', 'client.admin', '--cap', 'mon', 'allow *', ...every])
  await run('ceph-authtool', [keyring, '--gen-key', '-n', 'client.rgw.a', '--cap', 'mon', 'allow rwx', '--cap', 'osd', 'allow rwx'])
  await run('ceph-authtool', [keyring, '--gen-key', '-n', 'osd.0', '--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *'])
}

/** Waits for the gateway's first answer. */
async function healthy(endpoint: string, daemons: readonly Daemon[]): Promise<void> {
  const giveUpAtMs = Date.now() + HEALTHY_WITHIN_MS
  while (Date.now() < giveUpAtMs) {
    for (const daemon of daemons) daemon.throwIfGone()
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    if (answer?.ok === true && (await answer.text()).includes('ListAllMyBucketsResult')) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`radosgw did not answer within ${HEALTHY_WITHIN_MS / 1_000} s`)
}

class Daemon {
  readonly #command: string
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  #lastWords = ''

  constructor(command: string, args: readonly string[]) {
    this.#command = command
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#lastWords = `${this.#lastWords}${chunk.toString()}`.slice(-500)))
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()).once('error', () => resolve()))
  }

  throwIfGone(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(`${this.#command} ended: ${this.#lastWords.trim()}`)
  }

  /** Nothing of what it holds is wanted any more. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
