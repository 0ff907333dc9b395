/** Within this repository Next would look for them built; Node finds their sources. An app needs nothing but `serverExternalPackages`. */
const unbuilt = { '@bse/server': 'import @bse/server', '@bse/server/node': 'import @bse/server/node' }

// oxlint-disable-next-line import/no-default-export -- Next reads its configuration so
export default {
  // It starts worker threads from files of its own, which a bundle would not have.
  serverExternalPackages: ['@bse/server'],
  // Blobs say themselves how they are sent, in ranges too.
  compress: false,
  webpack: (/** @type {{ externals: unknown[] }} */ config) => ({ ...config, externals: [unbuilt, ...config.externals] }),
}
