#!/usr/bin/env bash
# Fairlead at work in one command, on a fresh Debian 12: installs what is missing, builds, and runs `fairlead demo`:
# the gangs of three tenants on 40 simulated nodes, scheduled by the real scheduler through an API
# server in the process. Nothing listens but on this machine's loopback, and nothing stays behind.
set -euo pipefail

PROGRAM=quickstart.sh
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=debian.sh
. "$ROOT/deploy/debian.sh"

usage() {
  cat <<USAGE
Usage: deploy/quickstart.sh [OPTIONS OF fairlead demo]

  deploy/quickstart.sh                # the demo, about a minute once it is built
  deploy/quickstart.sh --serve        # stays up afterwards, for kubectl
  deploy/quickstart.sh --nodes 200 --speed 5

Environment: FAIRLEAD_CACHE (default ~/.cache/fairlead), where compiler output is kept.
USAGE
}

main() {
  local argument
  for argument in "$@"; do
    case $argument in
      --help | -h) usage && exit 0 ;;
    esac
  done
  trap 'exit 130' INT
  say "1/3 installing what is missing"
  "$ROOT/deploy/install-deps.sh" --build
  say "2/3 building"
  use_ccache
  (cd "$ROOT" && cmake --preset release >/dev/null &&
    cmake --build --preset release --target fairlead) >&2
  say "3/3 fairlead demo $*"
  exec "$ROOT/build/release/fairlead" demo "$@"
}

main "$@"
