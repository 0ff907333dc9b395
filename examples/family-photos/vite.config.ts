import react from '@vitejs/plugin-react'
import { defineConfig, type UserConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

/** Where `bse-server` listens while developing; the built app is served by it. */
const server = process.env.BSE_SERVER ?? 'http://127.0.0.1:8787'
/** The server compares a page's origin with the host that was asked: it must see the one in the address bar. */
const proxied = { target: server, changeOrigin: false }
/** Answered by the server alone: the service worker must neither cache nor answer them. */
const serverPaths = [/^\/blobs(\/|$)/, /^\/sync(\/|$)/, /^\/v1\//, /^\/mutations$/, /^\/health$/]

const config: UserConfig = defineConfig({
  resolve: { conditions: ['@bse/source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
  server: {
    proxy: { '/blobs': proxied, '/health': proxied, '/v1': proxied, '/mutations': proxied, '/sync': { ...proxied, ws: true } },
  },
  plugins: [
    react(),
    VitePWA({
      strategies: 'generateSW',
      registerType: 'prompt',
      injectRegister: false,
      workbox: {
        globPatterns: ['**/*.{html,js,css,svg,webmanifest}'],
        navigateFallback: 'index.html',
        navigateFallbackDenylist: serverPaths,
        cleanupOutdatedCaches: true,
      },
      manifest: {
        name: 'Family photos',
        short_name: 'Photos',
        description: 'A family photo album that works offline and loses nothing.',
        display: 'standalone',
        background_color: '#fbfaf8',
        theme_color: '#0f5f56',
        icons: [{ src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
      },
    }),
  ],
})

export default config
