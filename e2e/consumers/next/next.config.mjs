const remote = process.env.BSE_REMOTE

export default {
  // Libraries are linked from elsewhere, which Turbopack follows below its root only.
  turbopack: { root: '/' },
  rewrites: async () => ['/blobs', '/blobs/:path*', '/sync'].map((source) => ({ source, destination: `${remote}${source}` })),
}
