#!/usr/bin/env bash
# Starts a throw-away Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager) on
# free ports of 127.0.0.1, for end-to-end tests and benchmarks. No kubelets: tests make Node objects
# and play the kubelet. See --help for what it writes.
set -euo pipefail

PROGRAM=controlplane/up.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
# shellcheck source=../../deploy/debian.sh
. "$ROOT/deploy/debian.sh"
# shellcheck source=processes.sh
. "$HERE/processes.sh"

READY_SECONDS=${FAIRLEAD_READY_SECONDS:-90}
CLUSTER=fairlead-test
CONTROLLERS=1
SCHEDULER=0
PODGROUPS=1
QUEUES=1
MEMORY=1
TIED_TO=
DIR=

usage() {
  cat <<USAGE
Usage: tests/controlplane/up.sh --dir DIR [OPTIONS]

Starts etcd, kube-apiserver and kube-controller-manager of Kubernetes 1.20 on 127.0.0.1 and returns
when they are ready. tests/controlplane/down.sh --dir DIR ends them.

  --dir DIR                 new or empty directory for everything that it writes
  --no-controller-manager   API server only: no Job makes pods, nothing is garbage-collected
  --scheduler               also run the default kube-scheduler, without client rate limits
  --no-podgroups            leave out the PodGroup definition (scheduling.x-k8s.io/v1alpha1)
  --no-queues               leave out the Queue definition (deploy/crds/queue.yaml)
  --disk                    keep etcd's data in DIR instead of in memory (/dev/shm)
  --tied-to PID             end everything when process PID is gone

Writes in DIR: server (URL), ca.crt, admin.kubeconfig (group system:masters), scheduler.kubeconfig
(user fairlead, with the rights of deploy/manifests/rbac.yaml), admin.token, scheduler.token, bin (a
link to the programs, kubectl among them), pids, logs/.

Environment: FAIRLEAD_CACHE, FAIRLEAD_READY_SECONDS (default 90).
USAGE
}

main() {
  parse "$@"
  local started=$SECONDS
  prepare
  trap 'failed' EXIT
  trap 'trap - EXIT; "$HERE/down.sh" --dir "$DIR" || :; exit 130' INT TERM HUP
  [[ -z $TIED_TO ]] || start_watcher
  start_etcd
  start_apiserver
  wait_for "the API server" apiserver_ready
  ((CONTROLLERS == 0)) || start_controller_manager # gives up if the server is not there in 10 s
  ((SCHEDULER == 0)) || start_scheduler
  apply_manifests
  ((PODGROUPS == 0)) || wait_for "the PodGroup API" podgroups_served
  ((QUEUES == 0)) || wait_for "the Queue API" queues_served
  ((CONTROLLERS == 0)) || wait_for "the default service account" default_account_exists
  trap - EXIT
  say "ready in $((SECONDS - started)) s at $SERVER (logs in $DIR/logs)"
}

parse() {
  while (($#)); do
    case $1 in
      --dir) DIR=${2:?--dir needs a directory} && shift ;;
      --no-controller-manager) CONTROLLERS=0 ;;
      --scheduler) SCHEDULER=1 ;;
      --no-podgroups) PODGROUPS=0 ;;
      --no-queues) QUEUES=0 ;;
      --disk) MEMORY=0 ;;
      --tied-to) TIED_TO=${2:?--tied-to needs a process id} && shift ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  [[ $DIR ]] || { usage >&2 && exit 2; }
}

prepare() {
  need openssl "run deploy/install-deps.sh --tests"
  need curl "run deploy/install-deps.sh --tests"
  mkdir -p "$DIR/logs"
  DIR=$(cd "$DIR" && pwd)
  [[ ! -e $DIR/pids ]] || die "$DIR holds a control plane: end it with down.sh --dir $DIR first"
  umask 077
  BIN=$("$HERE/build.sh")
  ln -sfn "$BIN" "$DIR/bin"
  make_certificates
  make_tokens
  : >"$DIR/pids"
  choose_data_dir
}

make_certificates() {
  (
    cd "$DIR"
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -days 30 -subj "/CN=$CLUSTER-ca" -out ca.crt
    openssl ecparam -name prime256v1 -genkey -noout -out server.key
    openssl req -new -key server.key -subj "/CN=kube-apiserver" -out server.csr
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\n' >server.ext
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 30 \
      -extfile server.ext -out server.crt
    openssl ecparam -name prime256v1 -genkey -noout -out accounts.key
    rm -f server.csr server.ext
  ) >"$DIR/logs/openssl.log" 2>&1 || {
    tail -n 5 "$DIR/logs/openssl.log" >&2
    die "openssl cannot make the certificates"
  }
}

make_tokens() {
  openssl rand -hex 16 >"$DIR/admin.token"
  openssl rand -hex 16 >"$DIR/scheduler.token"
  printf '%s,admin,admin,"system:masters"\n%s,fairlead,fairlead\n' \
    "$(<"$DIR/admin.token")" "$(<"$DIR/scheduler.token")" >"$DIR/tokens.csv"
}

# Test data need not survive anything, and fsync on a disk slows every write: use memory if there is
# enough of it.
choose_data_dir() {
  DATA=$DIR/etcd
  if ((MEMORY)) && [[ -w /dev/shm ]] &&
    (($(df --output=avail -k /dev/shm | tail -n 1) > 1024 * 1024)); then
    DATA=$(mktemp -d /dev/shm/fairlead-etcd.XXXXXX)
  fi
  printf '%s\n' "$DATA" >"$DIR/data-dir"
}

# Prints a port that nothing listens on, below the range that the kernel gives to clients.
free_port() {
  local port listening
  listening=" $(awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 \
    2>/dev/null | tr '\n' ' ')"
  while :; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    [[ $listening == *" $(printf %04X "$port") "* ]] || break
  done
  printf '%s\n' "$port"
}

# launch NAME COMMAND...: starts COMMAND in its own session, with no file of ours open.
launch() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$DIR/logs/$name.log" 2>&1 \
    3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  record "$name" $!
}

record() {
  local start
  start=$(process_start "$2") || die "$1 ended at once; see $DIR/logs/$1.log"
  printf '%s %s %s\n' "$1" "$2" "$start" >>"$DIR/pids"
}

start_watcher() {
  local start
  start=$(process_start "$TIED_TO") || die "--tied-to $TIED_TO: no such process"
  # shellcheck disable=SC2016  # the inner shell expands it
  launch watcher bash -c '
    . "$1/processes.sh"
    while same_process "$2" "$3"; do pause 0.3; done
    exec "$1/down.sh" --dir "$4"' watcher "$HERE" "$TIED_TO" "$start" "$DIR"
}

start_etcd() {
  ETCD=http://127.0.0.1:$(free_port)
  launch etcd "$BIN/etcd" --name test --data-dir "$DATA" \
    --listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
    --listen-peer-urls http://127.0.0.1:0 --initial-advertise-peer-urls http://127.0.0.1:0 \
    --initial-cluster test=http://127.0.0.1:0 --quota-backend-bytes 4294967296
}

start_apiserver() {
  local port disabled=TaintNodesByCondition,ServiceAccount
  # TaintNodesByCondition would leave a not-ready taint on every Node that a test makes.
  # ServiceAccount would refuse pods until the namespace's token is there.
  port=$(free_port)
  SERVER=https://127.0.0.1:$port
  printf '%s\n' "$SERVER" >"$DIR/server"
  write_kubeconfig admin "$(<"$DIR/admin.token")"
  write_kubeconfig scheduler "$(<"$DIR/scheduler.token")"
  launch kube-apiserver "$BIN/kube-apiserver" \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$port" \
    --etcd-servers="$ETCD" --storage-backend=etcd3 --endpoint-reconciler-type=none \
    --tls-cert-file="$DIR/server.crt" --tls-private-key-file="$DIR/server.key" \
    --token-auth-file="$DIR/tokens.csv" --authorization-mode=RBAC \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$DIR/accounts.key" \
    --service-account-signing-key-file="$DIR/accounts.key" \
    --service-cluster-ip-range=10.0.0.0/24 --disable-admission-plugins="$disabled" \
    --max-requests-inflight=3000 --max-mutating-requests-inflight=1500
}

start_controller_manager() {
  launch kube-controller-manager "$BIN/kube-controller-manager" \
    --kubeconfig="$DIR/admin.kubeconfig" --controllers='*,-nodelifecycle' \
    --leader-elect=false --port=0 --secure-port=0 \
    --root-ca-file="$DIR/ca.crt" --service-account-private-key-file="$DIR/accounts.key" \
    --kube-api-qps=5000 --kube-api-burst=5000
}

start_scheduler() {
  local address
  address=127.0.0.1:$(free_port)
  cat >"$DIR/kube-scheduler.yaml" <<CONFIG
apiVersion: kubescheduler.config.k8s.io/v1beta1
kind: KubeSchedulerConfiguration
clientConnection:
  kubeconfig: "$DIR/admin.kubeconfig"
  qps: 5000
  burst: 5000
leaderElection:
  leaderElect: false
healthzBindAddress: $address
metricsBindAddress: $address
CONFIG
  launch kube-scheduler "$BIN/kube-scheduler" --config="$DIR/kube-scheduler.yaml" --secure-port=0
}

# write_kubeconfig NAME TOKEN
write_kubeconfig() {
  cat >"$DIR/$1.kubeconfig" <<CONFIG
apiVersion: v1
kind: Config
clusters:
- name: $CLUSTER
  cluster:
    server: $SERVER
    certificate-authority-data: $(base64 -w 0 "$DIR/ca.crt")
users:
- name: $1
  user:
    token: $2
contexts:
- name: $1@$CLUSTER
  context:
    cluster: $CLUSTER
    user: $1
current-context: $1@$CLUSTER
CONFIG
}

api() {
  curl --silent --fail --max-time 5 --cacert "$DIR/ca.crt" --noproxy '*' \
    --header "Authorization: Bearer $(<"$DIR/admin.token")" "$SERVER$1"
}

apiserver_ready() { [[ $(api /readyz) == ok ]]; }

podgroups_served() { api /apis/scheduling.x-k8s.io/v1alpha1 >/dev/null; }

queues_served() { api /apis/fairlead.dev/v1alpha1 >/dev/null; }

default_account_exists() { api /api/v1/namespaces/default/serviceaccounts/default >/dev/null; }

# wait_for WHAT PREDICATE: fails when a server ended or the time is over.
wait_for() {
  local what=$1 deadline=$((SECONDS + READY_SECONDS)) name pid start
  until "$2"; do
    while read -r name pid start; do
      same_process "$pid" "$start" || die "$name ended while waiting for $what"
    done <"$DIR/pids"
    ((SECONDS < deadline)) || die "no sign of $what after $READY_SECONDS s"
    pause 0.1
  done
}

apply_manifests() {
  local files=(-f "$ROOT/deploy/manifests/rbac.yaml")
  ((PODGROUPS == 0)) || files+=(-f "$HERE/podgroup-crd.yaml")
  ((QUEUES == 0)) || files+=(-f "$ROOT/deploy/crds/queue.yaml")
  env -u HTTPS_PROXY -u https_proxy "$BIN/kubectl" --kubeconfig "$DIR/admin.kubeconfig" \
    --cache-dir "$DIR/kubectl-cache" create --validate=false "${files[@]}" \
    >"$DIR/logs/manifests.log" 2>&1 </dev/null || {
    tail -n 5 "$DIR/logs/manifests.log" >&2
    die "cannot apply the manifests"
  }
}

# Shows why, and ends what was started.
failed() {
  local log
  trap - EXIT
  for log in "$DIR"/logs/*.log; do
    [[ -s $log ]] || continue
    printf -- '--- %s\n' "$log" >&2
    tail -n 12 "$log" >&2
  done
  "$HERE/down.sh" --dir "$DIR" || :
  say "error: the control plane did not start (see above; whole logs in $DIR/logs)"
  exit 1
}

main "$@"
