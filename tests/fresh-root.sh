#!/usr/bin/env bash
# Tries the tree on a machine that has nothing yet: makes a minimal Debian root, puts a fresh clone
# of this checkout into it, and runs a command there.
#
#   I1  Mounts and processes live in namespaces of their own and vanish with the command.
#   I2  The root lies in the cache directory and is removed at the end.
set -euo pipefail

PROGRAM=fresh-root.sh
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../deploy/debian.sh
. "$ROOT/deploy/debian.sh"

KEEP=0
SHARE=0
WORKING_TREE=0

usage() {
  cat <<USAGE
Usage: tests/fresh-root.sh [OPTIONS] [COMMAND [ARGS...]]

Runs COMMAND (default: tests/run.sh) in a clone of this checkout, in a new minimal Debian root, with
this machine's network and Debian repositories. Needs root.

  --working-tree  copy the files as they are, committed or not, instead of cloning
  --share-cache   let the root use this machine's cache directory (ccache, control plane)
  --keep          leave the root there at the end, and print its path

Environment: FAIRLEAD_CACHE (default ~/.cache/fairlead).
USAGE
}

main() {
  while (($#)); do
    case $1 in
      --working-tree) WORKING_TREE=1 ;;
      --share-cache) SHARE=1 ;;
      --keep) KEEP=1 ;;
      --help | -h) usage && exit 0 ;;
      -*) usage >&2 && exit 2 ;;
      *) break ;;
    esac
    shift
  done
  (($#)) || set -- tests/run.sh
  (($(id -u) == 0)) || die "making a root and entering it needs root: use sudo"
  need git "install git"
  install_mmdebstrap
  WORK=$(mkdir -p "$(cache_dir)/fresh-root" && mktemp -d "$(cache_dir)/fresh-root/XXXXXX")
  NEW=$WORK/root
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  make_root
  copy_tree
  local started=$SECONDS status=0
  say "running in the new root: $*"
  enter "$@" || status=$?
  say "'$*' ended with status $status after $((SECONDS - started)) s"
  exit "$status"
}

install_mmdebstrap() {
  command -v mmdebstrap >/dev/null && return
  DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-remove --no-install-recommends \
    -o DPkg::Lock::Timeout=300 install mmdebstrap </dev/null >&2 ||
    die "cannot install mmdebstrap (apt's message is above)"
}

# shellcheck disable=SC2317  # called by a trap
clean_up() {
  if ((KEEP)); then
    say "the root is left in $NEW"
  else
    rm -rf --one-file-system "$WORK"
  fi
}

make_root() {
  local started=$SECONDS options=() file
  debian_source_list | grep '^deb ' >"$WORK/sources.list" ||
    die "no Debian $(debian_codename) suite among this machine's apt sources"
  # Proxies and the like; apt's other settings are this machine's own business.
  for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    [[ -f $file ]] && grep -q '^ *Acquire::' "$file" && options+=("--aptopt=$file")
  done
  say "making a Debian $(debian_codename) root"
  mmdebstrap --quiet --mode=root --variant=minbase "${options[@]}" \
    "$(debian_codename)" "$NEW" "$WORK/sources.list" </dev/null >"$WORK/log" 2>&1 || {
    tail -n 20 "$WORK/log" >&2
    die "mmdebstrap failed"
  }
  copy_network_settings
  say "  done in $((SECONDS - started)) s, $(du -sm "$NEW" | cut -f1) MB"
}

copy_network_settings() {
  local file
  # The certificates are for proxies of this network that have their own.
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [[ -f $file ]] || continue
    mkdir -p "$NEW${file%/*}"
    cp -L "$file" "$NEW$file"
  done
  [[ ! -d /usr/local/share/ca-certificates ]] ||
    cp -rT /usr/local/share/ca-certificates "$NEW/usr/local/share/ca-certificates"
}

copy_tree() {
  local tree=$NEW/srv/fairlead
  mkdir -p "$NEW/srv"
  if ((WORKING_TREE == 0)); then
    git clone -q --no-hardlinks "$ROOT" "$tree"
    return
  fi
  mkdir "$tree"
  (cd "$ROOT" && git ls-files -z --cached --others --exclude-standard |
    tar --null --ignore-failed-read -T - -cf -) | tar -xf - -C "$tree"
}

# enter COMMAND...: runs it in the root, as root, with stdin closed and proxy settings kept.
enter() {
  local settings=() name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY FAIRLEAD_JOBS; do
    [[ ! ${!name-} ]] || settings+=("$name=${!name}")
  done
  ((SHARE == 0)) || settings+=(FAIRLEAD_CACHE=/var/cache/fairlead)
  # shellcheck disable=SC2016  # the inner shell expands it
  unshare --mount --pid --fork --kill-child bash -euc '
    new=$1 cache=$2
    shift 2
    mount --make-rprivate /
    mount --bind "$new" "$new"
    mount -t proc proc "$new/proc"
    mount --rbind /dev "$new/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$new/dev/shm"
    if [[ $cache ]]; then
      mkdir -p "$new/var/cache/fairlead"
      mount --bind "$cache" "$new/var/cache/fairlead"
    fi
    cd "$new/srv/fairlead"
    exec chroot "$new" /usr/bin/env -i "$@"
  ' enter "$NEW" "$( ((SHARE == 0)) || cache_dir)" \
    HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    "${settings[@]}" bash -c 'cd /srv/fairlead && exec "$@"' bash "$@" </dev/null
}

main "$@"
