#!/usr/bin/env bash
# Runs the benchmarks from a release build. See --help and bench/README.md.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/build/release

usage() {
  cat <<'USAGE'
Usage: bench/run.sh [micro] [--repetitions N]
       bench/run.sh live [--runs N] [--nodes N] [--pods N] [--only binding|latency|ready]
                         [--skip-kube-scheduler] [--latency-seconds N] [--json FILE]
       bench/run.sh saturation --traces DIR [--lists L,..] [--policies P,..] [--seeds N] [--json]
       bench/run.sh apiserver [--tls] [--pods N] [--connections N] [--json]

micro  Decoding, deciding and fair shares in CPU time of one core, beside their budgets. About four minutes.
live   Fairlead at a real API server: binding rate beside the bare rate and the kube-scheduler,
       CPU, memory, latency, time to ready. About 15 minutes with the defaults; needs the programs
       of tests/controlplane/build.sh, which it builds if they are missing.

saturation
       Placement policies on a cluster that fills up, on the published lists of pods in DIR (see
       bench/README.md), beside the published results. A minute.
apiserver
       Binding requests per second of the embedded API server, with one watcher. A few seconds.

Builds build/release first. Exits with 1 if a benchmark fails to run, not if a goal is missed.
USAGE
}

build() {
  (cd "$ROOT" && cmake --preset release && cmake --build --preset release --target "$@") >&2
}

micro() {
  local repetitions=3
  while (($#)); do
    case $1 in
      --repetitions) repetitions=${2:?--repetitions needs a number} && shift ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  build decode_bench decide_bench fairshare_bench
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
  local program
  for program in decode_bench decide_bench fairshare_bench; do
    echo "micro: $program" >&2
    "$BUILD/$program" --benchmark_repetitions="$repetitions" \
      --benchmark_format=json >"$WORK/$program.json"
  done
  python3 "$ROOT/bench/budgets.py" "$WORK"/*.json
}

live() {
  build fairlead-live-bench
  # Written down, since others that use the cores change every figure.
  echo "live: load before: $(cut -d ' ' -f 1-3 /proc/loadavg)" >&2
  exec "$BUILD/fairlead-live-bench" "$@"
}

apiserver() {
  build fairlead-apiserver-bench
  echo "apiserver: load before: $(cut -d ' ' -f 1-3 /proc/loadavg)" >&2
  exec "$BUILD/fairlead-apiserver-bench" "$@"
}

saturation() {
  build fairlead-saturation
  exec "$BUILD/fairlead-saturation" "$@"
}

case ${1-micro} in
  --help | -h) usage ;;
  live) shift && live "$@" ;;
  saturation) shift && saturation "$@" ;;
  apiserver) shift && apiserver "$@" ;;
  micro) micro "${@:2}" ;;
  --*) micro "$@" ;;
  *) usage >&2 && exit 2 ;;
esac
