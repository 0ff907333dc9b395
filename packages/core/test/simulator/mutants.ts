/** One guard taken out of the real source, by text. */
export interface Mutant {
  readonly name: string
  /** Under packages/core/src. */
  readonly file: string
  /** What has to notice: the model of the ledger, or a test under packages/core/test. Left out: the simulator. */
  readonly by?: 'ledger model' | `${string}.test.ts`
  /** Each `find` has to be in its file exactly once. A guard that stands in two files is taken out of both. */
  readonly edits: readonly { readonly find: string; readonly replace: string; readonly file?: string }[]
}

/** The files that a mutant changes. */
export function filesOf({ file, edits }: Mutant): readonly string[] {
  return [...new Set(edits.map((edit) => edit.file ?? file))]
}

/** @throws Error when the source has moved on: each text that is to be replaced has to be there exactly once. */
export function mutate(source: string, { name, file, edits }: Mutant, path: string = file): string {
  return edits.filter((edit) => (edit.file ?? file) === path).reduce((text, { find, replace }) => {
    if (text.split(find).length !== 2) throw new Error(`${name}: its text is not once in ${path}: ${find}`)
    return text.replace(find, () => replace)
  }, source)
}

/** Guards of parts that do not exist yet. Whoever builds the part moves its guard to `MUTANTS`: the command fails at the first sign of it in the source. */
export const AWAITED: readonly { readonly guard: string; readonly sign: { readonly file: string; readonly text: RegExp } }[] = [
]

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'commits of a leader do not check its epoch',
    file: 'state/leader-state.ts',
    edits: [{ find: "      if (readLease(get(LEASE_KEY))?.epoch !== this.epoch) throw lostLease(this.epoch)\n      return decide(get)", replace: '      return decide(get)' }],
  },
  {
    name: 'claimed bytes are evicted',
    file: 'ledger/entry.ts',
    edits: [
      { find: '  if (entry.claims.length > 0) return false\n  return storedSomewhere(entry) || !referenced', replace: '  return storedSomewhere(entry) || !referenced || entry.claims.length > 0' },
    ],
  },
  {
    // Nothing evicts bytes that a row names yet, so only the model of the ledger can tell.
    name: 'bytes that no remote is known to have are evicted',
    by: 'ledger model',
    file: 'ledger/entry.ts',
    edits: [{ find: 'return storedSomewhere(entry) || !referenced', replace: 'return storedSomewhere(entry) || !referenced || true' }],
  },
  {
    name: 'the answer needs-blobs changes nothing',
    file: 'mutation/pusher.ts',
    edits: [{ find: "if (entry !== undefined) ops.push(...ledgerOps(withRemote(entry, remoteId, 'needsBlobs', true)))", replace: 'void entry' }],
  },
  {
    name: 'bytes are published before their record',
    file: 'cache/ingest.ts',
    edits: [
      { find: '  const referenced = deps.references.count(staged.hash) > 0\n', replace: '  const referenced = deps.references.count(staged.hash) > 0\n  await deps.store.publish(staged)\n' },
      { find: "  }, { durability: 'relaxed' })\n  await deps.store.publish(staged)", replace: "  }, { durability: 'relaxed' })" },
    ],
  },
  {
    name: 'writes of one row are sent in any order',
    file: 'mutation/order.ts',
    edits: [{ find: 'if (other.ops.some((theirs) => overlaps(theirs, op))) before.add(other.id)', replace: 'void other' }],
  },
  {
    name: 'a write is merged into one that was sent',
    file: 'mutation/merge.ts',
    edits: [{ find: 'waiting && !record.sent && record.attempts === 0 &&', replace: 'waiting &&' }],
  },
  {
    name: 'rows and the writes they contain are two commits',
    file: 'mutation/receiver.ts',
    edits: [{ find: '    await this.#commit(writes, settled, cursor)', replace: '    await this.#commit(writes, [], cursor)\n    await this.#commit([], settled, undefined)' }],
  },
  {
    name: 'a new leader does not take up what a dead one had in hand',
    file: 'recovery/recover.ts',
    edits: [{ find: 'return remoteOf(next, remoteId).epoch === deps.leader.epoch ? next : ', replace: 'return next.claims.length >= 0 ? next : ' }],
  },
  {
    name: 'half-published bytes of dead tabs stay',
    file: 'recovery/recover.ts',
    edits: [{ find: "(entry) => entry.local === 'staged' || entry.local === 'evicting'", replace: "(entry) => entry.local === 'evicting'" }],
  },
  {
    name: 'half-evicted bytes of dead tabs stay',
    by: 'engine/crash.test.ts',
    file: 'recovery/recover.ts',
    edits: [{ find: "(entry) => entry.local === 'staged' || entry.local === 'evicting'", replace: "(entry) => entry.local === 'staged'" }],
  },
  {
    name: 'bytes without a write are adopted without a claim',
    by: 'ledger model',
    file: 'ledger/adoption.ts',
    edits: [{ find: 'const claimed = withClaim(entry, ADOPTED, policy, referenced)', replace: 'const claimed = { ...withClaim(entry, ADOPTED, policy, referenced), claims: entry.claims }' }],
  },
  {
    name: 'a belief in stored outlives the last row',
    by: 'ledger model',
    file: 'ledger/remote-transition.ts',
    edits: [{ find: "lastClaimDropped: 'unknownIfUnreferenced'", replace: "lastClaimDropped: 'stay'" }],
  },
  {
    name: 'a push starts from a plan that is out of date',
    by: 'mutation/pusher.test.ts',
    file: 'mutation/pusher.ts',
    edits: [{ find: 'record.revision !== revision || ', replace: '' }],
  },
  {
    name: 'a power cut may take the word that a write was sent',
    by: 'mutation/pusher.test.ts',
    file: 'mutation/pusher.ts',
    edits: [{ find: "planned.every(({ sent }) => sent) ? 'relaxed' : 'strict'", replace: "'relaxed'" }],
  },
  {
    name: 'a row is pushed before its bytes are stored',
    file: 'engine.ts',
    edits: [
      { find: "remoteOf(entry, this.#blobs.remoteId).state === 'stored'\n", replace: "remoteOf(entry, this.#blobs.remoteId).state !== 'parked'\n" },
      { file: 'mutation/pusher.ts', find: "remoteOf(entry, this.#deps.remoteId).state === 'stored'\n", replace: "remoteOf(entry, this.#deps.remoteId).state !== 'parked'\n" },
    ],
  },
  {
    name: 'an upload is believed without an answer',
    file: 'upload/worker.ts',
    edits: [{ find: '    await fail(deps, hash, error)', replace: "    await commit(deps, hash, (entry) => withRemote(entry, deps.remoteId, 'ack', isReferenced(deps, hash)))" }],
  },
  {
    name: 'a good copy does not take the place of a bad one',
    file: 'cache/ingest.ts',
    edits: [{ find: '  await removeWrongBytes(deps, staged.hash)', replace: '  void removeWrongBytes' }],
  },
  {
    name: 'bytes are handed out unverified',
    file: 'cache/manager.ts',
    edits: [{ find: 'if ((await hashBlob(blob)) !== hash) return false', replace: 'await hashBlob(blob)' }],
  },
  {
    name: 'a fetch does not compare the hash',
    file: 'cache/fetch.ts',
    edits: [{ find: 'if (bytes === undefined || actual !== ref.hash)', replace: 'if (bytes === undefined)' }],
  },
  {
    name: 'a clock that was set back stops the queue',
    by: 'upload/policy.test.ts',
    file: 'upload/backoff.ts',
    edits: [{ find: 'leftMs <= 0 || leftMs > MAX_RETRY_AFTER_MS', replace: 'leftMs <= 0' }],
  },
  {
    name: 'a tab stages before anybody knows of it',
    by: 'cache/ingest.test.ts',
    file: 'cache/ingest.ts',
    edits: [{ find: '    await deps.registered()\n', replace: '' }],
  },
  {
    name: 'a conflict is not ended by rows that contain its write',
    file: 'mutation/transition.ts',
    edits: [{ find: "appliedByReplica: 'stay', contained: 'goneOrHanded'", replace: "appliedByReplica: 'stay', contained: 'stay'" }],
  },
  {
    name: 'a write goes ahead of the bytes it borrows from another',
    by: 'mutation/provisional.test.ts',
    file: 'mutation/provisional.ts',
    edits: [{ find: '      await pending.committed\n', replace: '' }],
  },
  {
    name: 'writes of one row commit as they are ready',
    file: 'mutation/row-chain.ts',
    edits: [{ find: '      await this.#after(before, entry)\n', replace: '      await Promise.race([this.#after(before, entry).catch(() => undefined), Promise.resolve()])\n' }],
  },
  {
    name: 'a discarded write that is on its way is forgotten',
    by: 'mutation/model.test.ts',
    file: 'mutation/transition.ts',
    edits: [{ find: "newEpoch: 'queued', userRetry: 'stay', userDiscard: 'discarding'", replace: "newEpoch: 'queued', userRetry: 'stay', userDiscard: 'goneByDiscard'" }],
  },
  {
    name: 'a new row is merged into a change of one that is not there',
    file: 'mutation/merge.ts',
    edits: [{ find: " || (second.kind === 'upsert' && first.kind === 'update')", replace: '' }],
  },
  {
    name: 'bytes that a write needs and nobody has are passed over in silence',
    file: 'ledger/remote-transition.ts',
    edits: [{ find: "missed ? 'parked' : 'gone'", replace: "'gone'" }],
  },
  {
    name: 'only rows, not queued writes, keep bytes here',
    file: 'engine.ts',
    edits: [{ find: ' + this.#overlay.naming(hash) + ', replace: ' + ' }],
  },
  {
    name: 'a write is merged into one that it has not seen',
    file: 'mutation/enqueue.ts',
    edits: [{ find: 'const isAsSeen = last !== undefined && ', replace: 'const isAsSeen = last !== undefined || ' }],
  },
  {
    name: 'a parked upload without bytes is owed again',
    file: 'ledger/remote-transition.ts',
    edits: [{ find: "bytesLost: 'stay', retry: 'owedIfPresent'", replace: "bytesLost: 'stay', retry: 'owed'" }],
  },
  {
    name: 'a wipe begins without a tombstone',
    file: 'storage/sign-out.ts',
    edits: [{ find: 'await putTombstone(parts.home, { suffix: parts.suffix, pending })', replace: '{ suffix: parts.suffix, pending }' }],
  },
  {
    name: 'nothing keeps other tabs from writing while one signs out',
    file: 'mutation/enqueue.ts',
    edits: [{ find: '    if (get(SIGN_OUT_KEY) !== undefined) throw', replace: '    if (get(SIGN_OUT_KEY) === null) throw' }],
  },
  {
    name: 'signing out asks for pending work apart from the fence',
    file: 'storage/wipe.ts',
    edits: [{ find: "pending !== 'refuse' || get(MUTATION_SEQ_KEY) === before", replace: "pending !== 'refuse' || get(MUTATION_SEQ_KEY) !== null" }],
  },
  {
    name: 'only tabs on record are swept after',
    file: 'recovery/recover.ts',
    edits: [{ find: '  await deps.store.sweep((stageId) => owners.add(ownerOf(stageId)).size > 0)\n', replace: '' }],
  },
  {
    name: 'a write resolves before a power cut would leave it',
    file: 'mutation/enqueue.ts',
    edits: [{ find: "{ durability: 'strict' }", replace: "{ durability: 'relaxed' }" }],
  },
  {
    name: 'of a batch only the first write is merged into an earlier one',
    file: 'mutation/writer.ts',
    edits: [{ find: 'const last = ops.length === 1 && op !== undefined ?', replace: 'const last = op !== undefined ?' }],
  },
  {
    name: 'a batch is pushed when the bytes of its first row are stored',
    file: 'mutation/order.ts',
    edits: [{ find: '[...hashesOf(record.ops)].filter(', replace: '[...hashesOf(record.ops.slice(0, 1))].filter(' }],
  },
  {
    name: 'a write is taken back and its claims stay',
    file: 'mutation/settle.ts',
    edits: [{ find: 'return [{ delete: key }, ...dropClaims(before, get, references)]', replace: 'return settled.discarded ? [{ delete: key }] : [{ delete: key }, ...dropClaims(before, get, references)]' }],
  },
  {
    name: 'whoever brings bytes takes no lock',
    file: 'cache/ingest.ts',
    edits: [{ find: 'if (one.staged.hash !== previous) held.push(await deps.locks.change(one.staged.hash, signal))', replace: 'void held' }],
  },
  {
    name: 'a write that was paused a moment ago is sent',
    file: 'mutation/pusher.ts',
    edits: [{ find: '    if (isPaused(readPaused(get(PAUSED_KEY)), record.id)) return false\n', replace: '    void [isPaused, readPaused]\n' }],
  },
  {
    name: 'a blob that was paused a moment ago is sent',
    file: 'upload/worker.ts',
    edits: [{ find: 'entry === undefined || isPaused(paused, hash) || ', replace: 'entry === undefined || ' }],
  },
  {
    name: 'a row goes ahead of the one that it names',
    file: 'mutation/order.ts',
    edits: [{ find: 'if (creator !== undefined && creator.seq < record.seq) before.add(creator.id)', replace: 'void creator' }],
  },
  {
    name: 'what met a conflict is sent again as it was',
    file: 'mutation/settle.ts',
    edits: [{ find: "return event === 'userRetry' && record.state.is === 'conflict' ? rebased(record.ops, record.state) : record.ops", replace: 'return record.ops' }],
  },
  {
    name: 'a damaged record is written over',
    file: 'state/records.ts',
    edits: [{ find: "if (aside === 'unreadable') return [{ put: `aside/${key}`, value }]", replace: "if (aside === 'unreadable') return []" }],
  },
  {
    name: 'a record of newer code counts as damaged',
    file: 'state/records.ts',
    edits: [{ find: "typeof fields.v === 'number' && fields.v > VERSION) return 'newer'", replace: "typeof fields.v === 'number' && fields.v > VERSION) return 'unreadable'" }],
  },
  {
    name: 'a sign-out that keeps what is owed takes its bytes',
    file: 'storage/wipe.ts',
    edits: [
      { find: "  if (isOwed(entry) || entry.claims.length > 0 || entry.local === 'staged') return\n", replace: "  if (entry.local === 'staged') return\n" },
      { find: '      for (const hash of hashesOf(record?.ops ?? [])) named.add(hash)\n', replace: '      void [hashesOf, named]\n' },
    ],
  },
  {
    name: 'requests that were refused together renew one by one',
    file: 'auth/tokens.ts',
    edits: [{ find: "reason === 'start' || (refused !== undefined && known?.credentials !== refused)", replace: "reason === 'start' || (refused === undefined && known === undefined)" }],
  },
  {
    name: 'what was queued before an update goes out in its old words',
    file: 'model/migration.ts',
    edits: [{ find: 'withoutDropped(renamed(op.values, table), table) }', replace: 'withoutDropped(op.values, table) }' }],
  },
]
