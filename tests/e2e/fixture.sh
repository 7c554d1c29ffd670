#!/usr/bin/env bash
# fixture.sh up|down DIR [OPTIONS]: a control plane that the tests of one ctest run share. OPTIONS go to
# up.sh.
set -euo pipefail

CONTROLPLANE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../controlplane" && pwd)
ACTION=$1
DIR=$2

# What an aborted run left behind.
if [[ -d $DIR ]]; then
  "$CONTROLPLANE/down.sh" --dir "$DIR"
fi
if [[ $ACTION == up ]]; then
  rm -rf "$DIR"
  # Our parent is ctest: when it is killed, the control plane ends too.
  exec "$CONTROLPLANE/up.sh" --dir "$DIR" --tied-to "$PPID" "${@:3}"
fi
