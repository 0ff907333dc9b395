-- What the demo keeps in Postgres, under the names of src/engine/schema.ts.
create table if not exists albums (
  id uuid primary key,
  title text not null,
  "createdAt" timestamptz not null
);
create table if not exists photos (
  id uuid primary key,
  "albumId" uuid not null,
  caption text not null default '',
  "takenAt" timestamptz not null,
  width integer,
  height integer,
  image jsonb not null,
  audio jsonb
);
