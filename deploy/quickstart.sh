#!/usr/bin/env bash
# Fairlead at work in one command, on a fresh Debian 12: installs what is missing, builds, starts a real control plane
# (kube-apiserver, etcd, kube-controller-manager) and simulated GPU nodes on this machine's loopback,
# submits the jobs of three teams, shows them start gang by gang, and takes everything down again.
set -euo pipefail

PROGRAM=quickstart.sh
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=debian.sh
. "$ROOT/deploy/debian.sh"

NODES=4
RUNTIME_MS=6000
PATIENCE_S=120
EXAMPLES="$ROOT/config/examples"
DIR=
PIDS=()

usage() {
  cat <<USAGE
Usage: deploy/quickstart.sh [--nodes N] [--keep]

  --nodes N  simulated nodes with 8 GPUs each (default $NODES: the jobs need more than that, so some wait)
  --keep     stay up after the jobs have run, until Ctrl-C, and say how to use kubectl

Environment: FAIRLEAD_CACHE (default ~/.cache/fairlead), for what is built once: the control plane (about
3 minutes) and compiler output.
USAGE
}

main() {
  local keep=0
  while (($#)); do
    case $1 in
      --nodes) NODES=${2:?--nodes needs a number} && shift ;;
      --keep) keep=1 ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  [[ $NODES =~ ^[1-9][0-9]{0,3}$ ]] || die "--nodes $NODES: expected a number from 1 to 9999"
  trap take_down EXIT
  trap 'exit 130' INT TERM HUP
  prepare
  start
  submit
  follow
  ((!keep)) || stay
}

prepare() {
  say "1/4 installing what is missing"
  "$ROOT/deploy/install-deps.sh" --build --control-plane
  say "2/4 building"
  use_ccache
  (cd "$ROOT" && cmake --preset release >/dev/null &&
    cmake --build --preset release --target fairlead fairlead-simnodes)
  say "3/4 building the control plane (once)"
  "$ROOT/tests/controlplane/build.sh" >/dev/null
}

start() {
  say "4/4 starting the control plane, $NODES nodes with 8 GPUs each, and fairlead"
  DIR=$(mktemp -d "${TMPDIR:-/tmp}/fairlead-quickstart.XXXXXX")
  "$ROOT/tests/controlplane/up.sh" --dir "$DIR/cluster" --tied-to $$
  "$ROOT/build/release/fairlead-simnodes" --kubeconfig "$DIR/cluster/admin.kubeconfig" \
    --nodes "$NODES" --racks 2 --runtime-ms "$RUNTIME_MS" >"$DIR/nodes.log" 2>&1 &
  PIDS+=($!)
  { cat "$EXAMPLES/fairlead.yaml" && printf 'http:\n  port: 0\n'; } >"$DIR/fairlead.yaml"
  "$ROOT/build/release/fairlead" scheduler --kubeconfig "$DIR/cluster/scheduler.kubeconfig" \
    --config "$DIR/fairlead.yaml" >"$DIR/scheduler.log" 2>&1 &
  PIDS+=($!)
}

kubectl_here() { "$DIR/cluster/bin/kubectl" --kubeconfig "$DIR/cluster/admin.kubeconfig" "$@"; }

submit() {
  local team
  kubectl_here apply -f "$EXAMPLES/namespaces.yaml" >/dev/null
  for team in vision language robotics; do
    kubectl_here apply -f "$EXAMPLES/$team.yaml" >/dev/null
    say "submitted the jobs of team-$team"
  done
  printf '\n'
}

# Prints the lines about gangs as they start, until every pod has run.
follow() {
  local shown=0 lines left waited=0
  while :; do
    lines=$(grep -c 'gang ' "$DIR/nodes.log" || :)
    if ((lines > shown)); then
      grep 'gang ' "$DIR/nodes.log" | tail -n "+$((shown + 1))"
      shown=$lines
      waited=0
      waiting
    fi
    left=$(kubectl_here get pods -A --no-headers 2>/dev/null | grep -vc Completed || :)
    ((left > 0)) || break
    ((++waited <= PATIENCE_S)) || {
      tail -n 20 "$DIR/scheduler.log" >&2
      die "no gang has started for $PATIENCE_S s (log above)"
    }
    sleep 1
  done
}

# One line per gang that waits, with its reason, as its pods' conditions say.
waiting() {
  kubectl_here get pods -A --field-selector=status.phase=Pending -o json |
    python3 -c '
import json, sys
seen = set()
for pod in json.load(sys.stdin)["items"]:
    meta = pod["metadata"]
    gang = meta["labels"].get("job-name") or meta["labels"].get("fairlead.dev/gang", meta["name"])
    for c in pod.get("status", {}).get("conditions", []):
        if c["type"] == "PodScheduled" and c["status"] == "False" and gang not in seen:
            seen.add(gang)
            print("    waits: %s/%s: %s" % (meta["namespace"], gang, c.get("message", "")))
'
}

stay() {
  say "staying up; in another terminal:"
  printf '  %s --kubeconfig %s get pods -A\n' "$DIR/cluster/bin/kubectl" \
    "$DIR/cluster/admin.kubeconfig"
  say "Ctrl-C takes everything down"
  wait "${PIDS[0]}" || :
}

take_down() {
  local status=$? pid
  trap - EXIT
  # The last started ends first: the scheduler, then the nodes, which print their summary.
  for ((i = ${#PIDS[@]} - 1; i >= 0; --i)); do
    pid=${PIDS[i]}
    kill -TERM "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  if [[ -n $DIR ]]; then
    [[ ! -s $DIR/nodes.log ]] || { printf '\n' && grep -E '^(pods bound|double bookings)' "$DIR/nodes.log"; } || :
    if [[ -f $DIR/nodes.log ]] && ! grep -qx 'double bookings: 0' "$DIR/nodes.log"; then
      ((status)) || status=1
    fi
    [[ ! -d $DIR/cluster ]] || "$ROOT/tests/controlplane/down.sh" --dir "$DIR/cluster" || :
    rm -rf "$DIR"
  fi
  exit "$status"
}

main "$@"
