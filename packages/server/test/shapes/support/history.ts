/** Statements that a seed decides, on `things (id int4 primary key, title text, n int4, done bool)`. */
export const THINGS = `create table things (id int4 primary key, title text, n int4, done bool not null default false)`

export function seeded(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) >>> 0
    return (state >>> 3) % below
  }
}

const IDS = 40

/** One transaction; now and then a large one, a change of keys, one that is rolled back, or a truncation. */
export function randomTransaction(random: (below: number) => number): string {
  const dice = random(100)
  if (dice < 3) return 'truncate things'
  if (dice < 7) return `begin; insert into things select g, 'large ' || g, g % 100 from generate_series(1000, 1999) g on conflict (id) do update set n = things.n + 1; commit`
  if (dice < 10) return 'delete from things where id >= 1000'
  if (dice < 16) return `begin; ${statements(random)}; rollback`
  return `begin; ${statements(random)}; commit`
}

function statements(random: (below: number) => number): string {
  return Array.from({ length: 1 + random(4) }, () => statement(random)).join('; ')
}

function statement(random: (below: number) => number): string {
  const id = random(IDS)
  switch (random(6)) {
    case 0: return `delete from things where id = ${id}`
    case 1: return `update things set n = ${random(100)}, done = not done where id = ${id}`
    case 2: return `update things set title = null where id between ${id} and ${id + 3}`
    case 3: return `update things set id = ${id + IDS} where id = ${id} and not exists (select from things where id = ${id + IDS})`
    default: return `insert into things values (${id}, 'title ${random(1_000)} "quoted", (x)\\y', ${random(100)}) on conflict (id) do update set title = excluded.title, n = excluded.n`
  }
}
