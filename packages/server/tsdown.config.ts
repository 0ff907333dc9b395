import { packageConfig } from '../../tsdown.base.ts'

export default packageConfig(['src/index.ts', 'src/node.ts', 'src/worker.ts', 'src/hash-worker.ts', 'src/cli.ts', 'src/shapes/index.ts', 'src/mutations/index.ts'], 'node')
