import { packageConfig } from '../../tsdown.base.ts'

export default packageConfig(['src/index.ts', 'src/provider/index.ts', 'src/hash/index.ts', 'src/hash/worker.ts', 'src/http/index.ts', 'src/memory/index.ts', 'src/testing/index.ts', 'src/wire/index.ts'])
