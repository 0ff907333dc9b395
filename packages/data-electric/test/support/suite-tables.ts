/** What `dataSuiteTables` are in Postgres. */
export const SUITE_TABLES = `
  create table photos (
    id text primary key, title text not null, caption text, place text, position int8, rating float8, public bool,
    "takenAt" timestamptz, meta jsonb, image jsonb
  );
  create table albums (id text primary key, name text not null);
`
