import { FullReplica, type FullReplicaDeps } from '../cache/full-replica.ts'
import { remoteOf } from '../ledger/entry.ts'
import type { LedgerEntry } from '../model/ledger-entry.ts'
import type { RemoteRef } from '../provider/blob-provider.ts'
import type { BlobHash } from '../wire/blob-hash.ts'
import { Exchange, type ExchangeDeps } from './exchange.ts'

export interface PeersDeps extends Omit<ExchangeDeps, 'fetch' | 'owedTo'>, Omit<FullReplicaDeps, 'isWanted'> {
  /** Everything that servers announce is brought here. */
  readonly keepsAll: boolean
  /** Records with work. */
  readonly entries: () => Iterable<LedgerEntry>
}

const ON_ITS_WAY: ReadonlySet<string> = new Set(['owed', 'uploading'])

/** What one engine has to do with its peers. */
export class Peers {
  readonly #deps: PeersDeps
  readonly #exchange: Exchange
  /** Brings what servers offer, in its own time. */
  readonly #offered: FullReplica | undefined

  constructor(deps: PeersDeps) {
    this.#deps = deps
    this.#exchange = new Exchange({
      ...deps, fetch: deps.keepsAll ? (refs) => this.#fetch(refs) : undefined, owedTo: (remoteId) => this.#owedTo(remoteId),
    })
    this.#offered = deps.keepsAll ? new FullReplica({ ...deps, isWanted: (hash) => this.#exchange.isOffered(hash) }) : undefined
  }

  /** This tab exchanges for all from now on, until the signal says otherwise. */
  begin(leading: AbortSignal): void {
    this.#offered?.begin([], leading)
    void this.#exchange.begin(leading)
  }

  take({ ledger }: { readonly ledger: readonly { readonly hash: BlobHash; readonly entry: LedgerEntry | undefined }[] }): void {
    for (const { hash, entry } of ledger) this.#exchange.ledgerChanged(hash, entry)
  }

  /** The network may be back. */
  retry(): void {
    this.#offered?.retry()
  }

  saysToHave(remoteId: string, hash: BlobHash): boolean {
    return this.#exchange.saysToHave(remoteId, hash)
  }

  close(): void {
    this.#deps.presence.close()
  }

  #fetch(refs: readonly RemoteRef[]): void {
    this.#offered?.prune()
    this.#offered?.add(refs)
  }

  #owedTo(remoteId: string): readonly BlobHash[] {
    const hashes: BlobHash[] = []
    for (const entry of this.#deps.entries()) if (ON_ITS_WAY.has(remoteOf(entry, remoteId).state)) hashes.push(entry.hash)
    return hashes
  }
}
