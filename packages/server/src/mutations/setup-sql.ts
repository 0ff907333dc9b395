/** What the mutations of one database share. The number is part of a lock's name, so it never changes. */
export const LOCKS = 0x6273_6d75

/** How long a collector may take from its mark to the last removal. A mark that is older was left by one that died. */
export const LEASE_SECONDS = 600

/**
 * Tables of ours, and the triggers' functions that keep `reference`: which blobs rows name, whoever wrote them. Each step is run once, in order; a
 * step that was published is never changed.
 *
 * A transaction that names a blob holds a shared lock on its bucket until it ends, a collector takes it alone to mark: so none of them decides on
 * what the other is about to change.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [[
  `create table bse_mutations.applied (
    id uuid primary key,
    txid bigint not null,
    at timestamptz not null default now()
  )`,
  `create table bse_mutations.tracked (
    relation text primary key,
    "schema" text not null,
    name text not null,
    id text not null,
    columns text not null
  )`,
  `create table bse_mutations.reference (
    relation text not null,
    row_id text not null,
    "column" text not null,
    hash text not null,
    primary key (relation, row_id, "column")
  )`,
  'create index reference_hash on bse_mutations.reference (hash)',
  `create table bse_mutations.garbage (
    space text not null,
    hash text not null,
    state text not null check (state in ('kept', 'waiting', 'collecting', 'gone')),
    since timestamptz not null,
    generation int not null default 0,
    primary key (space, hash)
  )`,
  'create index garbage_hash on bse_mutations.garbage (hash)',
  'create index garbage_due on bse_mutations.garbage (state, since)',
  `create function bse_mutations.bucket(hash text) returns int language sql immutable strict set search_path = pg_catalog as $$
    select ('x' || substr(hash, 8, 2))::bit(8)::int
  $$`,
  `create function bse_mutations.hash_in(cell jsonb) returns text language sql immutable strict set search_path = pg_catalog as $$
    select substring(case jsonb_typeof(cell) when 'object' then cell ->> 'hash' when 'string' then cell #>> '{}' end from '^sha256:[0-9a-f]{64}$')
  $$`,
  `create function bse_mutations.refer(named text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
  begin
    perform pg_advisory_xact_lock_shared(${LOCKS}, bse_mutations.bucket(named));
    perform from bse_mutations.garbage where hash = named and state = 'collecting' and since > clock_timestamp() - interval '${LEASE_SECONDS} s';
    if found then
      raise exception 'the blob is being collected: try again' using errcode = 'serialization_failure';
    end if;
    update bse_mutations.garbage set state = 'kept' where hash = named and state in ('waiting', 'collecting');
  end
  $$`,
  `create function bse_mutations.track() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  declare
    columns text[] := tg_argv[2]::text[];
    before jsonb := case when tg_op in ('UPDATE', 'DELETE') then to_jsonb(old) end;
    after jsonb := case when tg_op in ('INSERT', 'UPDATE') then to_jsonb(new) end;
    own_id text := coalesce(after, before) ->> tg_argv[1];
    old_id text := before ->> tg_argv[1];
    named text;
    was text;
    one text;
  begin
    foreach one in array columns loop
      if not coalesce(after, before) ? one then
        raise exception 'column % is followed for its blobs and is not there any more: start the server with its new schema', one;
      end if;
      was := bse_mutations.hash_in(before -> one);
      named := bse_mutations.hash_in(after -> one);
      continue when was is not distinct from named and old_id is not distinct from own_id;
      if was is not null then
        delete from bse_mutations.reference where relation = tg_argv[0] and row_id = old_id and "column" = one;
        update bse_mutations.garbage set since = clock_timestamp() where hash = was and state = 'waiting';
      end if;
      if named is not null then
        perform bse_mutations.refer(named);
        insert into bse_mutations.reference values (tg_argv[0], own_id, one, named)
          on conflict (relation, row_id, "column") do update set hash = excluded.hash;
      end if;
    end loop;
    return null;
  end
  $$`,
  `create function bse_mutations.track_truncate() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    update bse_mutations.garbage set since = clock_timestamp()
      where state = 'waiting' and hash in (select hash from bse_mutations.reference where relation = tg_argv[0]);
    delete from bse_mutations.reference where relation = tg_argv[0];
    return null;
  end
  $$`,
]]
