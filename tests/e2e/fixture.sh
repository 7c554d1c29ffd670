#!/usr/bin/env bash
# fixture.sh up|down DIR: the control plane that the end-to-end tests of one ctest run share.
set -euo pipefail

CONTROLPLANE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../controlplane" && pwd)
DIR=$2

# What an aborted run left behind.
if [[ -d $DIR ]]; then
  "$CONTROLPLANE/down.sh" --dir "$DIR"
fi
if [[ $1 == up ]]; then
  rm -rf "$DIR"
  # Our parent is ctest: when it is killed, the control plane ends too.
  exec "$CONTROLPLANE/up.sh" --dir "$DIR" --tied-to "$PPID"
fi
