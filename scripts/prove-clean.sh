#!/usr/bin/env bash
# Proves the README's two commands on a machine that has Debian's smallest set of packages, Node, npm and nothing else:
# no caches, no browser, no standard input. Takes what is committed at HEAD.
#
#   sudo scripts/prove-clean.sh [REPOSITORY]
#
# Needs root, debootstrap and git here. Where packages come from is read from this machine's own apt and npm settings.
set -euo pipefail

repository="$(realpath "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}")"
port=5190
clean="$(mktemp -d "${TMPDIR:-/tmp}/bse-clean-XXXXXX")"
trap 'rm -rf --one-file-system "$clean"' EXIT

say() { printf '\n== %s\n' "$*"; }

say 'an empty Debian'
mirror="$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 'debian/\?$')"
debootstrap --variant=minbase bookworm "$clean" "$mirror" >"$clean.log" 2>&1 || { tail -n 20 "$clean.log"; exit 1; }
rm -f "$clean.log"
cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$clean/etc/apt/"
cp /etc/resolv.conf /etc/hosts "$clean/etc/"

say "Node $(node --version) and npm $(npm --version 2>/dev/null) of this machine"
cp "$(realpath "$(command -v node)")" "$clean/usr/bin/node"
npm_folder="$(dirname "$(dirname "$(realpath "$(command -v npm)")")")"
mkdir -p "$clean/usr/lib/node_modules"
cp -r "$npm_folder" "$clean/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$clean/usr/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$clean/usr/bin/npx"

settings=("npm_config_registry=$(npm config get registry 2>/dev/null)")
certificates="${NODE_EXTRA_CA_CERTS:-}"
if [ -n "$certificates" ]; then
  cp "$certificates" "$clean/etc/extra-certificates.crt"
  settings+=(NODE_EXTRA_CA_CERTS=/etc/extra-certificates.crt npm_config_cafile=/etc/extra-certificates.crt)
fi
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  if [ -n "${!name:-}" ]; then settings+=("$name=${!name}"); fi
done

# Every command gets its own view of mounts and processes: nothing that it mounts or starts outlives it.
in_clean=(env -i "${settings[@]}" HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CI=true
  unshare --mount --pid --fork --kill-child --mount-proc="$clean/proc" chroot "$clean")

say "a clone of $(git -C "$repository" rev-parse --short HEAD)"
git clone --quiet --no-hardlinks "$repository" "$clean/root/bse"

say 'start'
started=$SECONDS
"${in_clean[@]}" sh -c "cd /root/bse && PORT=$port exec npx -y pnpm@12.21.0 start" </dev/null &
server=$!
until page="$(curl -fsS "http://127.0.0.1:$port/" 2>/dev/null)"; do
  kill -0 "$server" 2>/dev/null || { echo 'start ended before the page was there'; exit 1; }
  sleep 0.5
done
grep -q '<html' <<<"$page" || { echo 'what was served is no page'; exit 1; }
echo "the page was served after $((SECONDS - started)) s"
kill -KILL "$server"
wait "$server" 2>/dev/null || true

say 'test'
"${in_clean[@]}" sh -c 'cd /root/bse && exec npx -y pnpm@12.21.0 test' </dev/null | tee "$clean/output"
if grep -q '^not run: ' "$clean/output"; then
  echo 'something was not run'
  exit 1
fi
say "both commands work from nothing: $(tail -n 1 "$clean/output")"
