#!/usr/bin/env bash
# A PostgreSQL server for tests, on 127.0.0.1 only, as a user without rights.
#
#   tests/postgres/server.sh start FILE   starts one and writes its URL into FILE
#   tests/postgres/server.sh stop FILE    stops it and removes all that it left
#
# The programs are those of Debian's package postgresql-15, installed or in the cache directory.
set -euo pipefail

PROGRAM=postgres
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=../../deploy/debian.sh
. "$ROOT/deploy/debian.sh"

# as_nobody COMMAND...: PostgreSQL refuses to run as root.
as_nobody() (
  cd / # which everybody may read
  if (($(id -u) == 0)); then
    setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp "$@"
  else
    "$@"
  fi
)

# Prints the folder of the programs. Those of the cache may lie where nobody else reads, so they are
# copied beside the data.
programs() {
  local installed cached
  installed=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  if [[ $installed && -x $installed/initdb ]]; then
    printf '%s\n' "$installed"
    return
  fi
  cached=$(tools_dir)/postgres
  [[ -d $cached ]] || die "no PostgreSQL: run deploy/install-deps.sh --tests"
  cp -r "$cached" "$1/programs"
  ls -d "$1"/programs/usr/lib/postgresql/*/bin
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start() {
  local file=$1 home bin port
  stop "$file"
  home=$(mktemp -d "${TMPDIR:-/tmp}/fairlead-postgres.XXXXXX")
  chmod 755 "$home"
  printf '%s\n' "$home" >"$file.home"
  bin=$(programs "$home")
  mkdir "$home/data" "$home/socket"
  (($(id -u) != 0)) || chown -R 65534:65534 "$home/data" "$home/socket"
  port=$(free_port)
  as_nobody "$bin/initdb" -D "$home/data" -U fairlead -A trust -E UTF8 --locale=C --no-sync \
    >"$home/log" 2>&1 || { cat "$home/log" >&2 && die "initdb failed"; }
  # Processes are killed here, the machine is not: fsync would only cost time.
  as_nobody "$bin/pg_ctl" -D "$home/data" -w -t 60 -s -l "$home/data/server.log" \
    -o "-c listen_addresses=127.0.0.1 -p $port -k $home/socket -c fsync=off" start ||
    { cat "$home/data/server.log" >&2 && die "the server does not start"; }
  printf '%s\n' "$bin" >"$home/bin"
  printf 'postgresql://fairlead@127.0.0.1:%s/postgres' "$port" >"$file"
}

stop() {
  local file=$1 home
  [[ -f $file.home ]] || return 0
  home=$(cat "$file.home")
  if [[ -f $home/bin ]]; then
    as_nobody "$(cat "$home/bin")/pg_ctl" -D "$home/data" -m immediate -s stop || :
  fi
  rm -rf "$home"
  rm -f "$file" "$file.home"
}

case ${1-} in
  start | stop) "$1" "${2:?a file for the URL}" ;;
  *) die "usage: server.sh start|stop FILE" ;;
esac
