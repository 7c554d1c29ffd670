#!/usr/bin/env bash
# Checks that the control plane does what the end-to-end tests rely on: Jobs make pods, and the user
# `fairlead` may bind, evict, patch statuses and write events, and may not do anything else.
set -euo pipefail

PROGRAM=controlplane/smoke.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../deploy/debian.sh
. "$HERE/../../deploy/debian.sh"

main() {
  need jq "run deploy/install-deps.sh --tests"
  DIR=$(mktemp -d)
  trap '"$HERE/down.sh" --dir "$DIR"; rm -rf "$DIR"' EXIT
  trap 'exit 130' INT TERM HUP
  "$HERE/up.sh" --dir "$DIR" --tied-to $$
  SERVER=$(<"$DIR/server")

  check "only 127.0.0.1 is listened on" listens_on_loopback_only
  make_node
  make_job
  check "a Job of 3 makes 3 pending pods" eventually three_pending_pods
  local pods
  mapfile -t pods < <(pod_names)
  check "a status can be patched" patch_status "${pods[0]}"
  check "a pod can be bound" bind "${pods[0]}" "$(pod_uid "${pods[0]}")" 201
  check "a second binding is refused" bind "${pods[0]}" "$(pod_uid "${pods[0]}")" 409
  check "a bound pod can be evicted" evict "${pods[0]}"
  check "an event can be written" write_event "${pods[1]}"
  check "a PodGroup can be made and listed" use_podgroups
  check "a Queue can be made, listed and its status patched" use_queues
  check "what claims to volumes lead to can be listed" list_storage
  check "pods cannot be deleted directly" call 403 DELETE "$PODS/${pods[1]}"
  check "secrets cannot be read" call 403 GET /api/v1/secrets
  say "all checks passed"
}

PODS=/api/v1/namespaces/smoke/pods

check() {
  local text=$1
  shift
  "$@" || {
    tail -n 5 "$DIR/answer" >&2 2>/dev/null || :
    die "FAILED: $text"
  }
  say "ok: $text"
}

# call STATUS METHOD PATH [BODY [TYPE]]: a request as user fairlead, which must answer STATUS.
call() { call_as scheduler "$@"; }

call_as() {
  local user=$1 expected=$2 method=$3 path=$4 body=${5-} type=${6-application/json} status
  status=$(curl --silent --noproxy '*' --max-time 10 --cacert "$DIR/ca.crt" \
    --header "Authorization: Bearer $(<"$DIR/$user.token")" --header "Content-Type: $type" \
    --request "$method" ${body:+--data "$body"} --output "$DIR/answer" \
    --write-out '%{http_code}' "$SERVER$path")
  [[ $status == "$expected" ]] || {
    say "$method $path answered $status, not $expected"
    return 1
  }
}

eventually() {
  local deadline=$((SECONDS + 20))
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

listens_on_loopback_only() {
  local pid inodes
  inodes=$(while read -r _ pid _; do
    find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null
  done <"$DIR/pids" | tr -dc '0-9\n')
  # Fields: local address, state 0A = listening, inode; 0100007F is 127.0.0.1.
  awk -v inodes="$inodes" '
    BEGIN { n = split(inodes, list, "\n"); for (i = 1; i <= n; ++i) ours[list[i]] = 1 }
    $4 == "0A" && ($10 in ours) { ++seen; if ($2 !~ /^0100007F:/) { print; bad = 1 } }
    END { exit bad || seen == 0 }' /proc/net/tcp /proc/net/tcp6
}

make_node() {
  call_as admin 201 POST /api/v1/nodes '{"metadata":{"name":"node-1"}}'
  call_as admin 200 PATCH /api/v1/nodes/node-1/status \
    '{"status":{"capacity":{"cpu":"8","pods":"110"},"allocatable":{"cpu":"8","pods":"110"}}}' \
    application/merge-patch+json
  call_as admin 200 GET /api/v1/nodes/node-1
  [[ $(jq '.spec.taints | length' "$DIR/answer") == 0 ]] || die "a new Node has taints"
}

make_job() {
  call_as admin 201 POST /api/v1/namespaces '{"metadata":{"name":"smoke"}}'
  call_as admin 201 POST /apis/batch/v1/namespaces/smoke/jobs '{
    "metadata": {"name": "gang"},
    "spec": {"parallelism": 3, "completions": 3, "template": {"spec": {
      "schedulerName": "fairlead", "restartPolicy": "Never",
      "containers": [{"name": "main", "image": "none", "resources": {"requests": {"cpu": "1"}}}]
    }}}}'
}

three_pending_pods() {
  call 200 GET "$PODS"
  [[ $(jq '[.items[] | select(.status.phase == "Pending" and .spec.schedulerName == "fairlead")]
    | length' "$DIR/answer") == 3 ]]
}

pod_names() { call 200 GET "$PODS" && jq -r '.items[].metadata.name' "$DIR/answer"; }

pod_uid() { call 200 GET "$PODS/$1" && jq -r .metadata.uid "$DIR/answer"; }

patch_status() {
  call 200 PATCH "$PODS/$1/status" '{"status":{"conditions":[{"type":"PodScheduled",
    "status":"False","reason":"Unschedulable","message":"smoke"}]}}' \
    application/strategic-merge-patch+json
}

# bind POD UID STATUS
bind() {
  call "$3" POST "$PODS/$1/binding" "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",
    \"metadata\":{\"name\":\"$1\",\"uid\":\"$2\"},
    \"target\":{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"node-1\"}}"
}

evict() {
  call 201 POST "$PODS/$1/eviction" "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"Eviction\",
    \"metadata\":{\"name\":\"$1\",\"namespace\":\"smoke\"}}"
}

write_event() {
  call 201 POST /api/v1/namespaces/smoke/events "{\"metadata\":{\"generateName\":\"smoke.\"},
    \"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"smoke\",\"name\":\"$1\"},
    \"reason\":\"Smoke\",\"message\":\"smoke\",\"type\":\"Normal\"}"
}

list_storage() {
  call 200 GET /api/v1/persistentvolumeclaims &&
    call 200 GET /api/v1/persistentvolumes &&
    call 200 GET /apis/storage.k8s.io/v1/storageclasses &&
    call 200 GET /apis/storage.k8s.io/v1/csinodes
}

use_queues() {
  local path=/apis/fairlead.dev/v1alpha1/queues
  local merge=application/merge-patch+json
  call_as admin 201 POST "$path" '{
    "apiVersion": "fairlead.dev/v1alpha1", "kind": "Queue", "metadata": {"name": "smoke"},
    "spec": {"weight": "1.5", "guarantee": {"cpu": 3, "gpu/H100": "1"}}}' &&
    call_as admin 422 POST "$path" '{
    "apiVersion": "fairlead.dev/v1alpha1", "kind": "Queue", "metadata": {"name": "wrong"},
    "spec": {"weight": 0}}' &&
    call 200 GET "$path" &&
    [[ $(jq -r '.items[0].spec.order' "$DIR/answer") == priority_fifo ]] &&
    call 200 PATCH "$path/smoke/status" '{"status": {"pendingGangs": 3}}' "$merge" &&
    call 403 PATCH "$path/smoke" '{"spec": {"weight": 2}}' "$merge"
}

use_podgroups() {
  local path=/apis/scheduling.x-k8s.io/v1alpha1
  call_as admin 201 POST "$path/namespaces/smoke/podgroups" '{
    "apiVersion": "scheduling.x-k8s.io/v1alpha1", "kind": "PodGroup",
    "metadata": {"name": "group"},
    "spec": {"minMember": 3, "minResources": {"cpu": 3, "nvidia.com/gpu": "1"},
             "scheduleTimeoutSeconds": 60}}' &&
    call_as admin 422 POST "$path/namespaces/smoke/podgroups" '{
    "apiVersion": "scheduling.x-k8s.io/v1alpha1", "kind": "PodGroup",
    "metadata": {"name": "wrong"}, "spec": {"minMember": 0}}' &&
    call 200 GET "$path/podgroups" &&
    [[ $(jq '.items[0].spec.minMember' "$DIR/answer") == 3 ]]
}

main "$@"
