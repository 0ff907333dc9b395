// `pnpm bench NAME [options]`: runs one of the files of this folder.
const name = process.argv[2] ?? ''
if (!/^[a-z-]+$/.test(name)) throw new Error('usage: bench NAME, for example: bench shapes')
await import(new URL(`${String(name)}.ts`, import.meta.url).href)
