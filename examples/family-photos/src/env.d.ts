/// <reference types="vite/client" />
/// <reference types="vite-plugin-pwa/client" />

interface ImportMetaEnv {
  /** Where photos go, as JSON; see src/engine/store.ts. */
  readonly VITE_BLOBS?: string
  /** Electric's options, as JSON, where rows do not travel over Yjs; see src/engine/rows.ts. */
  readonly VITE_ELECTRIC?: string
}
