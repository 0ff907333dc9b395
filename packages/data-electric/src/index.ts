export { electricData, type ElectricDataOptions } from './electric-data.ts'
export type { ElectricTableOptions } from './table-plan.ts'
