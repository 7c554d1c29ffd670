#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Works from a fresh clone, from any folder,
# without a terminal. Its last line is "N passed, N failed" over all phases.
#
# Tests are chosen by ctest label: `quick` needs no control plane, `threads` also runs under
# ThreadSanitizer, `e2e` needs a control plane, `fuzz` is a short run of a fuzz target. A label is
# matched as a part of a word, so that `quick-threads` is both: CMake's test discovery cannot give a
# test two labels.
set -euo pipefail

PROGRAM=tests/run.sh
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../deploy/debian.sh
. "$ROOT/deploy/debian.sh"

export FAIRLEAD_JOBS=${FAIRLEAD_JOBS:-2}
QUICK=0
FILTER=
PASSED=0
FAILED=0
FAILURES=()
TIMES=()

usage() {
  cat <<USAGE
Usage: tests/run.sh [--quick] [--filter REGEX]

  --quick         release build only, without end-to-end tests, sanitizers and clang-tidy
  --filter REGEX  only tests whose name matches; no format check, no clang-tidy

The whole run: packages, control plane, release build with all tests, format check, asan build with
the quick tests and the fuzz targets, tsan build with the threaded tests, clang-tidy.

Environment: FAIRLEAD_CACHE (default ~/.cache/fairlead), FAIRLEAD_JOBS (default 2), CCACHE_DIR.
USAGE
}

main() {
  while (($#)); do
    case $1 in
      --quick) QUICK=1 ;;
      --filter) FILTER=${2:?--filter needs a regular expression} && shift ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  cd "$ROOT"
  exec </dev/null 2>&1 # one stream, so that the last line is the last
  trap 'exit 130' INT TERM HUP
  use_ccache
  sanitizer_options
  if ((QUICK)); then quick_run; else whole_run; fi
  summary
}

quick_run() {
  phase "install" check deploy/install-deps.sh --build --tests || return 0
  phase "release: build" build release || return 0
  phase "release: tests" run_tests release -LE e2e || :
  [[ $FILTER ]] || phase "format" format || :
}

whole_run() {
  phase "install" check deploy/install-deps.sh --build --tests --control-plane || return 0
  [[ $FILTER ]] || phase "format" format || :
  # A failure here leaves the end-to-end tests to fail, each with the reason.
  phase "control plane" check tests/controlplane/build.sh || :
  if phase "release: build" build release; then
    phase "release: tests" run_tests release -LE e2e || :
    FAIRLEAD_JOBS=1 phase "release: end-to-end tests" run_tests release -L e2e || :
  fi
  if phase "asan: build" build asan quick_tests; then
    FAIRLEAD_FAULT_SCHEDULES=80 phase "asan: quick tests and fuzzing" run_tests asan -L 'quick|fuzz' || :
    [[ $FILTER ]] || phase "clang-tidy" tidy || :
  fi
  if phase "tsan: build" build tsan thread_tests; then
    phase "tsan: threaded tests" run_tests tsan -L threads -LE e2e || :
  fi
}

# phase NAME COMMAND...: runs a phase and keeps its time.
phase() {
  local name=$1 started=$SECONDS status=0 result=passed
  shift
  say "== $name"
  PHASE=$name
  "$@" || status=$?
  ((status == 0)) || result=FAILED
  TIMES+=("$(printf '%5d s  %s' $((SECONDS - started)) "$name")")
  say "== $name: $result in $((SECONDS - started)) s"
  return $status
}

failed() {
  FAILED=$((FAILED + 1))
  FAILURES+=("$PHASE${1:+: $1}")
  return 1
}

# check COMMAND...: a step that counts only when it fails.
check() { "$@" || failed "'$*'"; }

# test_step COMMAND...: a step that counts as one test.
test_step() {
  "$@" || failed || return 1
  PASSED=$((PASSED + 1))
}

# build PRESET [TARGET]: TARGET is built alone if the build knows it, else everything is built.
build() {
  local preset=$1 target=${2-} command
  cmake --preset "$preset" || failed "cmake --preset $preset" || return 1
  command=(cmake --build --preset "$preset" -j "$FAIRLEAD_JOBS")
  if [[ $target ]] && ninja -C "build/$preset" -t query "$target" >/dev/null 2>&1; then
    command+=(--target "$target")
  fi
  "${command[@]}" || failed "${command[*]}"
}

# run_tests PRESET CTEST_OPTIONS...: runs the selected tests and counts each of them.
run_tests() {
  local preset=$1 report=$ROOT/build/$1/ctest.xml status=0
  shift
  if [[ $FILTER ]]; then set -- "$@" -R "$FILTER"; else set -- "$@" --no-tests=error; fi
  rm -f "$report"
  steady_addresses ctest --test-dir "build/$preset" --output-on-failure --timeout 600 \
    -j "$FAIRLEAD_JOBS" --output-junit "$report" "$@" || status=$?
  count "$report" "$status"
}

# count REPORT STATUS: adds the numbers of a JUnit report. Skipped tests count as neither.
count() {
  local tests failures skipped disabled
  tests=$(attribute tests "$1")
  failures=$(attribute failures "$1")
  skipped=$(attribute skipped "$1")
  disabled=$(attribute disabled "$1")
  PASSED=$((PASSED + tests - failures - skipped - disabled))
  FAILED=$((FAILED + failures))
  ((failures == 0)) || FAILURES+=("$PHASE: $failures of $tests tests")
  ((failures || $2 == 0)) || failed "ctest ended with status $2"
  ((failures == 0))
}

attribute() {
  local value
  value=$(sed -n '/<testsuite/,/>/ s/.*[[:space:]]'"$1"'="\([0-9]*\)".*/\1/p' "$2" 2>/dev/null |
    head -n 1)
  printf '%s\n' "${value:-0}"
}

# Clang 14's sanitizers fail on kernels that spread mappings over more than 28 bits.
steady_addresses() {
  local bits
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
  if ((bits > 28)) && setarch -R true 2>/dev/null; then
    setarch -R "$@"
  else
    "$@"
  fi
}

sanitizer_options() {
  local suppressions=$ROOT/tests/tsan.supp
  export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
  export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
  [[ -f $suppressions ]] && suppressions=suppressions=$suppressions: || suppressions=
  export TSAN_OPTIONS=${TSAN_OPTIONS:-${suppressions}halt_on_error=1:ignore_noninstrumented_modules=1}
}

format() { test_step check_format; }

check_format() {
  local files
  mapfile -t files < <(list_sources)
  ((${#files[@]})) || { say "no sources found" && return 1; }
  say "${#files[@]} files"
  printf '%s\0' "${files[@]}" | xargs -0 clang-format --dry-run -Werror ||
    { say "format with: clang-format -i FILE..." && return 1; }
}

# Prints the C++ files of the tree, without what git ignores.
list_sources() {
  git ls-files --cached --others --exclude-standard -- '*.h' '*.cc' 2>/dev/null |
    while read -r file; do [[ ! -f $file ]] || printf '%s\n' "$file"; done | grep . ||
    find . -path ./build -prune -o -type f \( -name '*.h' -o -name '*.cc' \) -print
}

tidy() { test_step tests/tidy.sh --build-dir build/asan; }

summary() {
  local line
  ((PASSED + FAILED > 0)) || { FAILED=1 && FAILURES+=("no test ran"); }
  say "time of each phase:"
  for line in "${TIMES[@]}"; do printf '%s\n' "$line"; done
  for line in ${FAILURES[@]+"${FAILURES[@]}"}; do printf 'FAILED %s\n' "$line"; done
  printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
  ((FAILED == 0)) || exit 1
}

main "$@"
