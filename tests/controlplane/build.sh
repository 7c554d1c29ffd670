#!/usr/bin/env bash
# Builds a Kubernetes 1.20 control plane for the end-to-end tests from Debian's own packages.
#
# Debian 12 ships the source of Kubernetes 1.20.2, with its dependencies, but no server binaries;
# compiling them takes a few minutes once. The result lies in the cache directory, outside the tree,
# under a key made of this script and the Debian release.
#
#   I1  A directory under its final name is complete: it is built aside and renamed at the end.
#   I2  Two runs never collide: a lock makes the second wait and then find the result.
#   I3  At most $JOBS compiler processes.
#   I4  Nothing is installed and no root is needed; the Go compiler is unpacked, used and deleted.
set -euo pipefail

PROGRAM=controlplane/build.sh
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
# shellcheck source=../../deploy/debian.sh
. "$ROOT/deploy/debian.sh"

JOBS=${FAIRLEAD_JOBS:-2}
RELEASE=1.20.2
SERVERS=(kube-apiserver kube-controller-manager kube-scheduler)
TOOLS=(etcd kubectl promtool)

usage() {
  cat <<USAGE
Usage: tests/controlplane/build.sh [--print-dir]

Builds kube-apiserver, kube-controller-manager and kube-scheduler $RELEASE from Debian's source
package, adds etcd, kubectl and promtool, and prints the directory that holds them. Does nothing
when that was done before.

  --print-dir  print the directory only; fail if it is not built yet

Environment: FAIRLEAD_CACHE (default ~/.cache/fairlead), FAIRLEAD_JOBS (default 2).
USAGE
}

main() {
  local print_only=0
  while (($#)); do
    case $1 in
      --print-dir) print_only=1 ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done

  local base final
  base=$(cache_dir)/controlplane
  final=$base/$(cache_key)
  if [[ ! -d $final/bin ]]; then
    ((print_only == 0)) || die "the control plane is not built: run tests/controlplane/build.sh"
    check_machine
    mkdir -p "$base"
    exec 9>"$base/lock"
    flock -n 9 || { say "another build is running: waiting for it" && flock 9; }
    [[ -d $final/bin ]] || build_into "$base" "$final"
  fi
  printf '%s/bin\n' "$final"
}

cache_key() {
  {
    cat "$HERE/build.sh"
    printf '%s %s\n' "$(debian_codename)" "$(uname -m)"
  } | sha256sum | cut -c1-16
}

check_machine() {
  local hint="run deploy/install-deps.sh --control-plane"
  need apt-get "this needs Debian 12 (bookworm)"
  need dpkg-source "$hint"
  need patch "$hint"
  need xz "$hint"
  [[ $(debian_codename) == bookworm ]] ||
    die "the control plane is built from Debian 12 (bookworm), this is '$(debian_codename)'"
}

build_into() {
  local base=$1 final=$2 started=$SECONDS
  rm -rf "$base"/.build.* # we hold the lock: these are left over from killed runs
  WORK=$(mktemp -d "$base/.build.XXXXXX")
  trap 'chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
  trap 'exit 130' INT TERM HUP

  step "fetching the source and the Go compiler" fetch
  step "unpacking" unpack
  step "replacing vendored reflect2 (crashes when built by Go 1.18 and newer)" fix_reflect2
  step "generating the OpenAPI definitions" generate_openapi
  step "compiling ${SERVERS[*]}" compile
  step "adding ${TOOLS[*]}" add_tools
  step "checking" check_result
  mkdir "$WORK/final"
  mv "$WORK/bin" "$WORK/final/bin"
  mv "$WORK/final" "$final"
  say "built in $((SECONDS - started)) s: $final"
}

# step TEXT FUNCTION: runs FUNCTION with its output in a log that is shown when it fails.
step() {
  local text=$1 name=$2 started=$SECONDS
  say "$text"
  # A subshell in which -e holds, which it would not do in the condition of an `if`.
  set +e
  (
    set -e
    "$name"
  ) >"$WORK/$name.log" 2>&1 9>&-
  local status=$?
  set -e
  if ((status)); then
    tail -n 30 "$WORK/$name.log" >&2
    die "failed: $text (the end of its output is above)"
  fi
  say "  done in $((SECONDS - started)) s"
}

fetch() {
  private_apt_init "$WORK/apt"
  mkdir "$WORK/source"
  (cd "$WORK/source" && private_apt "$WORK/apt" source --download-only kubernetes)
  unpack_package "$WORK/apt" golang-1.19-go "$WORK/root"
  unpack_package "$WORK/apt" golang-1.19-src "$WORK/root"
  unpack_package "$WORK/apt" golang-github-modern-go-reflect2-dev "$WORK/root"
}

# Go 1.19 refuses this tree in modules mode; the older GOPATH layout works.
unpack() {
  local description
  description=$(echo "$WORK"/source/kubernetes_*.dsc)
  [[ $description == *"$RELEASE"* ]] || die "expected Kubernetes $RELEASE, found $description"
  mkdir -p "$WORK/gopath/src/k8s.io"
  dpkg-source --no-check -x "$description" "$WORK/gopath/src/k8s.io/kubernetes"
}

kubernetes() { cd "$WORK/gopath/src/k8s.io/kubernetes"; }

go() {
  env -u GOFLAGS -u GOROOT -u GOBIN \
    GOPATH="$WORK/gopath" GOCACHE="$WORK/gocache" GO111MODULE=off CGO_ENABLED=0 \
    GOTOOLCHAIN=local GOMAXPROCS="$JOBS" "$WORK/root/usr/lib/go-1.19/bin/go" "$@"
}

# The vendored version reads the runtime's map iterator, whose layout changed in Go 1.18: without
# this the server crashes on the first PATCH of a status.
fix_reflect2() {
  local vendored=vendor/github.com/modern-go/reflect2
  local fixed=$WORK/root/usr/share/gocode/src/github.com/modern-go/reflect2
  kubernetes
  rm -f "$vendored"/*.go "$vendored"/*.s
  cp "$fixed"/*.go "$fixed"/*.s "$vendored"/
  rm -f "$vendored"/*_test.go
}

# Prints the import paths of the packages whose types the API server publishes.
openapi_packages() {
  grep -RlE --include='*.go' '^// \+k8s:openapi-gen=' pkg cmd plugin vendor/k8s.io |
    grep -vE '^vendor/k8s.io/(code-generator|sample-apiserver|kube-openapi|gengo)/' |
    xargs -n 1 dirname | sort -u | sed 's,^,k8s.io/kubernetes/,' | paste -sd,
}

generate_openapi() {
  kubernetes
  go build -p "$JOBS" -o "$WORK/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  local packages
  packages=$(openapi_packages)
  PATH="$WORK/root/usr/lib/go-1.19/bin:$PATH" GOPATH="$WORK/gopath" GO111MODULE=off \
    CGO_ENABLED=0 GOMAXPROCS="$JOBS" "$WORK/openapi-gen" -i "$packages" \
    -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$WORK/openapi-report"
  grep -q '^func GetOpenAPIDefinitions' pkg/generated/openapi/zz_generated.openapi.go
}

version_flags() {
  local package
  for package in component-base client-go/pkg; do
    printf -- '-X k8s.io/kubernetes/vendor/k8s.io/%s/version.gitVersion=v%s ' "$package" "$RELEASE"
    printf -- '-X k8s.io/kubernetes/vendor/k8s.io/%s/version.gitMajor=1 ' "$package"
    printf -- '-X k8s.io/kubernetes/vendor/k8s.io/%s/version.gitMinor=20 ' "$package"
  done
}

compile() {
  kubernetes
  mkdir "$WORK/bin"
  go build -p "$JOBS" -trimpath -tags providerless -ldflags "-s -w $(version_flags)" \
    -o "$WORK/bin/" "${SERVERS[@]/#/./cmd/}"
}

add_tools() {
  fetch_tools "${TOOLS[@]}"
  (cd "$(tools_dir)" && cp "${TOOLS[@]}" "$WORK/bin/")
}

check_result() {
  local name
  for name in "${SERVERS[@]}"; do
    [[ $("$WORK/bin/$name" --version) == "Kubernetes v$RELEASE" ]]
  done
  "$WORK/bin/etcd" --version
  "$WORK/bin/kubectl" version --client
  "$WORK/bin/promtool" --version
}

main "$@"
