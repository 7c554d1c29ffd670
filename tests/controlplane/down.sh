#!/usr/bin/env bash
# Ends the control plane that up.sh started in a directory. Logs and certificates stay there.
set -euo pipefail

PROGRAM=controlplane/down.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../deploy/debian.sh
. "$HERE/../../deploy/debian.sh"
# shellcheck source=processes.sh
. "$HERE/processes.sh"

usage() {
  cat <<USAGE
Usage: tests/controlplane/down.sh --dir DIR

Ends the processes listed in DIR/pids, and only those, and removes etcd's data from memory. Does
nothing when they are gone already.
USAGE
}

main() {
  local dir=
  while (($#)); do
    case $1 in
      --dir) dir=${2:?--dir needs a directory} && shift ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  [[ $dir ]] || { usage >&2 && exit 2; }
  [[ -d $dir ]] || die "no such directory: $dir"
  stop_processes "$dir"
  remove_data "$dir"
}

# Prints "PID START" of the listed processes that still run, other than this one.
running() {
  local pid start
  while read -r _ pid start; do
    [[ $pid != "$$" ]] && same_process "$pid" "$start" && echo "$pid $start"
  done <"$1"
  return 0
}

# signal_all NAME FILE
signal_all() {
  local pid start
  running "$2" | while read -r pid start; do
    kill -s "$1" "$pid" 2>/dev/null || :
  done
}

# wait_all FILE TENTHS: fails when processes are left after that time.
wait_all() {
  local left=$2
  while [[ $(running "$1") ]]; do
    ((left-- > 0)) || return 1
    pause 0.1
  done
}

stop_processes() {
  local pids=$1/pids
  [[ -f $pids ]] || return 0
  signal_all TERM "$pids"
  wait_all "$pids" 20 || {
    signal_all KILL "$pids"
    wait_all "$pids" 50 || die "these processes do not end: $(running "$pids" | tr '\n' ' ')"
  }
  rm -f "$pids"
}

remove_data() {
  local data
  [[ -f $1/data-dir ]] || return 0
  data=$(<"$1/data-dir")
  case $data in
    /dev/shm/fairlead-etcd.*/* | */../*) die "unexpected path in $1/data-dir: $data" ;;
    /dev/shm/fairlead-etcd.*) rm -rf "$data" ;;
  esac
  rm -f "$1/data-dir"
}

main "$@"
