#!/usr/bin/env bash
# Installs what it takes to build and test Fairlead on Debian 12.
#
#   I1  Installs only what is missing; when nothing is, it changes nothing and uses no network.
#   I2  Removes nothing (apt's --no-remove), so a machine keeps its own kubectl, Node.js or libraries.
#   I3  Starts no service: programs whose packages start daemons, or conflict with other vendors'
#       packages, are unpacked into the cache directory instead (see debian.sh).
set -euo pipefail

PROGRAM=install-deps.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=debian.sh
. "$HERE/debian.sh"

BUILD=(
  g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libprotozero-dev libsimdjson-dev libyaml-cpp-dev libfmt-dev libspdlog-dev
  libcli11-dev libssl-dev zlib1g-dev prometheus-cpp-dev nlohmann-json3-dev
  libgmp-dev libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libsqlite3-dev libpq-dev libhowardhinnant-date-dev tzdata
  libbenchmark-dev libgtest-dev libgmock-dev librapidcheck-dev
)
TESTS=(
  clang clang-format clang-tidy libclang-rt-14-dev
  ca-certificates curl jq openssl python3
  chromium # draws the pages of reports
  libicu72 libldap-2.5-0 liblz4-1 libpam0g libsystemd0 libxml2 libzstd1 # of PostgreSQL
)
TESTS_TOOLS=(promtool postgres)
CONTROL_PLANE=(ca-certificates curl dpkg-dev openssl patch python3 xz-utils)
CONTROL_PLANE_TOOLS=(etcd kubectl)

usage() {
  cat <<USAGE
Usage: deploy/install-deps.sh [--build] [--tests] [--control-plane]

Installs missing Debian packages, with apt-get, as root or through sudo. Without options: all three.

  --build          compilers and libraries
  --tests          clang and its tools, chromium, curl, jq, openssl; promtool and PostgreSQL into the cache
  --control-plane  what tests/controlplane/ needs; etcd and kubectl 1.20 into the cache

Environment: FAIRLEAD_CACHE (default ~/.cache/fairlead).
USAGE
}

main() {
  local packages=() tools=() all=1
  while (($#)); do
    case $1 in
      --build) packages+=("${BUILD[@]}") ;;
      --tests) packages+=("${TESTS[@]}") && tools+=("${TESTS_TOOLS[@]}") ;;
      --control-plane) packages+=("${CONTROL_PLANE[@]}") && tools+=("${CONTROL_PLANE_TOOLS[@]}") ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
    all=0
    shift
  done
  if ((all)); then
    packages=("${BUILD[@]}" "${TESTS[@]}" "${CONTROL_PLANE[@]}")
    tools=("${TESTS_TOOLS[@]}" "${CONTROL_PLANE_TOOLS[@]}")
  fi
  need apt-get "this script knows Debian 12 (bookworm) only"
  install_packages "${packages[@]}"
  ((${#tools[@]} == 0)) || fetch_tools "${tools[@]}"
  say "everything is there"
}

# Prints those of the packages that are not installed.
missing() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' || :)
  printf '%s\n' "$@" | sort -u | grep -vxF "${installed:-none}" || :
}

install_packages() {
  local wanted
  mapfile -t wanted < <(missing "$@")
  ((${#wanted[@]})) || return 0
  say "installing ${wanted[*]}"
  as_root apt-get -q -o DPkg::Lock::Timeout=300 update ||
    say "apt-get update reported errors; trying with the lists that are there"
  as_root apt-get -q -y --no-remove --no-install-recommends -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 install "${wanted[@]}" ||
    die "apt-get cannot install: ${wanted[*]} (its message is above)"
}

as_root() {
  local command=(env DEBIAN_FRONTEND=noninteractive "$@")
  if (($(id -u) != 0)); then
    need sudo "install these packages as root: ${wanted[*]-}"
    command=(sudo "${command[@]}")
  fi
  "${command[@]}" </dev/null >&2
}

main "$@"
