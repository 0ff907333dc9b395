/// <reference types="vite/client" />
/// <reference types="vite-plugin-pwa/client" />

interface ImportMetaEnv {
  /** Where photos go, as JSON; see src/engine/store.ts. */
  readonly VITE_BLOBS?: string
}
