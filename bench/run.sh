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
       bench/run.sh e1 [--traces DIR] [--lists L,..] [--json DIR] [SIMULATE OPTIONS]
       bench/run.sh e2 [SIMULATE OPTIONS]
       bench/run.sh sample [SIMULATE OPTIONS]
       bench/run.sh apiserver [--tls] [--pods N] [--connections N] [--json]

micro  Decoding, deciding and fair shares in CPU time of one core, beside their budgets. About four minutes.
live   Fairlead at a real API server: binding rate beside the bare rate and the kube-scheduler,
       CPU, memory, latency, time to ready. About 15 minutes with the defaults; needs the programs
       of tests/controlplane/build.sh, which it builds if they are missing.

e1     Placement policies on a cluster that fills up, ten seeds. Without --traces on the list "default",
       which is here; with the folder of the published lists and results (openb_pod_list_*.csv.gz,
       expected_fgd_atc23.csv) on all nine of them, beside the published means. A minute.
e2     A month of gangs under four reference orders and under the scheduler's own engine.
sample The made-up week in bench/scenarios/sample.yaml.
apiserver
       Binding requests per second of the embedded API server, with one watcher. A few seconds.

Builds build/release first. Exits with 1 if a benchmark fails to run, not if a goal is missed; e1 with 2 if published values are
missing and with 3 if they are not reproduced.
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

simulate() {
  "$BUILD/fairlead" simulate "$ROOT/bench/scenarios/$1.yaml" "${@:2}"
}

e1() {
  local traces="" json="" list code worst=0 extra=()
  local lists=default,cpu050,cpu100,gpushare40,gpushare100,gpuspec10,gpuspec33,multigpu20,multigpu50
  while (($#)); do
    case $1 in
      --traces) traces=${2:?--traces needs a folder} && shift ;;
      --lists) lists=${2:?--lists needs names} && shift ;;
      --json) json=${2:?--json needs a folder} && shift ;;
      *) extra+=("$1") ;;
    esac
    shift
  done
  build fairlead
  if [[ -z $traces ]]; then
    simulate e1-saturation ${json:+--json "$json/default.json"} "${extra[@]}"
    return
  fi
  for list in ${lists//,/ }; do
    echo "list $list"
    code=0
    simulate e1-saturation --set "cluster.nodes_file=$traces/openb_node_list_gpu_node.csv.gz" \
      --set "workload.pods=$traces/openb_pod_list_$list.csv.gz" \
      --set "expect.file=$traces/expected_fgd_atc23.csv" \
      ${json:+--json "$json/$list.json"} "${extra[@]}" || code=$?
    # A difference does not keep the other lists from being looked at; anything else does.
    ((code == 0 || code == 3)) || exit "$code"
    ((code == 0)) || worst=$code
  done
  exit "$worst"
}

case ${1-micro} in
  --help | -h) usage ;;
  live) shift && live "$@" ;;
  e1) shift && e1 "$@" ;;
  e2) shift && build fairlead && simulate e2-philly "$@" ;;
  sample) shift && build fairlead && simulate sample "$@" ;;
  apiserver) shift && apiserver "$@" ;;
  micro) micro "${@:2}" ;;
  --*) micro "$@" ;;
  *) usage >&2 && exit 2 ;;
esac
