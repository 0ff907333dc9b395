/**
 * Where triggers put what was written, and what the shapes keep. The trigger runs with the rights of the owner, so whoever may write to a
 * table needs no right here; its settings give every value the same text whoever writes. As a transaction commits it leaves a last row, `c`: the ids
 * of those rows are in the order of the commits.
 */
export const SETUP = `
create schema if not exists bse_shapes;
revoke all on schema bse_shapes from public;
create table if not exists bse_shapes.outbox (
  id bigint generated always as identity primary key,
  xid xid8 not null,
  relation oid not null,
  kind "char" not null,
  columns text,
  before text,
  after text
);
create table if not exists bse_shapes.shape (
  id bigint generated always as identity primary key,
  handle text not null unique,
  definition text not null,
  snapshot text not null,
  chunks int not null,
  "rows" bigint not null
);
create table if not exists bse_shapes.chunk (
  shape bigint not null references bse_shapes.shape on delete cascade,
  number int not null,
  body text not null,
  primary key (shape, number)
);
create table if not exists bse_shapes.log (
  shape bigint not null references bse_shapes.shape on delete cascade,
  lsn bigint not null,
  position int not null,
  ends_chunk boolean not null,
  message text not null,
  primary key (shape, lsn, position)
);
create table if not exists bse_shapes.progress (
  only_row boolean primary key default true check (only_row),
  lsn bigint not null
);
insert into bse_shapes.progress (lsn) values (0) on conflict do nothing;
create table if not exists bse_shapes.writing (xid xid8 primary key);
create or replace function bse_shapes.capture() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC' set datestyle = 'ISO' set intervalstyle = 'iso_8601' set bytea_output = 'hex' set extra_float_digits = 1
as $capture$
begin
  if current_setting('bse_shapes.xid', true) is distinct from pg_current_xact_id()::text then
    perform set_config('bse_shapes.xid', pg_current_xact_id()::text, true);
    insert into bse_shapes.writing values (pg_current_xact_id()) on conflict do nothing;
  end if;
  if tg_op = 'TRUNCATE' then
    insert into bse_shapes.outbox (xid, relation, kind) values (pg_current_xact_id(), tg_relid, 't');
  else
    insert into bse_shapes.outbox (xid, relation, kind, columns, before, after) values (
      pg_current_xact_id(), tg_relid, case tg_op when 'INSERT' then 'i' when 'UPDATE' then 'u' else 'd' end,
      (select json_agg(attname order by attnum) from pg_attribute where attrelid = tg_relid and attnum > 0 and not attisdropped)::text,
      case when tg_op <> 'INSERT' then old::text end,
      case when tg_op <> 'DELETE' then new::text end
    );
  end if;
  perform pg_notify('bse_shapes', '');
  return null;
end
$capture$;
create or replace function bse_shapes.commits() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp
as $capture$
begin
  insert into bse_shapes.outbox (xid, relation, kind) values (new.xid, 0, 'c');
  delete from bse_shapes.writing where xid = new.xid;
  return null;
end
$capture$;
drop trigger if exists commits on bse_shapes.writing;
create constraint trigger commits after insert on bse_shapes.writing deferrable initially deferred for each row execute function bse_shapes.commits();
alter table bse_shapes.writing enable always trigger commits;
`

/** First among the triggers of a table, so that what others do in turn comes after its cause. */
export const TRIGGER = '!bse_shapes'
export const TRUNCATE_TRIGGER = '!bse_shapes_truncate'
export const CHANNEL = 'bse_shapes'
