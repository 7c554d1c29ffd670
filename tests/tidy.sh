#!/usr/bin/env bash
# Runs clang-tidy over the product's sources, skipping files that passed before.
#
# A pass is remembered in the cache directory under a hash of the file, of every project header that
# it includes directly or not, of .clang-tidy, of the compile command and of clang-tidy's version.
set -euo pipefail

PROGRAM=tidy.sh
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../deploy/debian.sh
. "$ROOT/deploy/debian.sh"

JOBS=${FAIRLEAD_JOBS:-2}
FOLDERS=(scheduler queues config bench include)

usage() {
  cat <<USAGE
Usage: tests/tidy.sh [--build-dir DIR] [FILE...]

Checks FILEs (default: all sources of ${FOLDERS[*]}) with clang-tidy, using the compile
commands of DIR (default: build/asan, else build/release, which must be configured).

Environment: FAIRLEAD_CACHE, FAIRLEAD_JOBS (default 2).
USAGE
}

main() {
  local build='' files=()
  while (($#)); do
    case $1 in
      --build-dir) build=$(cd "${2:?--build-dir needs a directory}" && pwd) && shift ;;
      --check) check_file "$2" "$3" "$4" && exit 0 || exit 1 ;; # used by this script itself
      --help | -h) usage && exit 0 ;;
      -*) usage >&2 && exit 2 ;;
      *) files+=("$(realpath --relative-to="$ROOT" "$1")") ;;
    esac
    shift
  done
  need clang-tidy "run deploy/install-deps.sh --tests"
  need jq "run deploy/install-deps.sh --tests"
  cd "$ROOT"
  [[ $build ]] || build=$(default_build_dir)
  ((${#files[@]})) || mapfile -t files < <(sources "$build")
  ((${#files[@]})) || die "no sources in $build/compile_commands.json"
  check_files "$build" "${files[@]}"
}

default_build_dir() {
  local preset
  for preset in asan release debug; do
    [[ -f build/$preset/compile_commands.json ]] && echo "$ROOT/build/$preset" && return
  done
  die "no build is configured: run cmake --preset release first"
}

# Prints the product's sources that the build compiles.
sources() {
  jq -r '.[].file' "$1/compile_commands.json" | sed -n "s,^$ROOT/,,p" |
    grep -E "^($(tr ' ' '|' <<<"${FOLDERS[*]}"))/" | sort -u || :
}

check_files() {
  local build=$1 passed work status=0
  shift
  passed=$(cache_dir)/tidy
  mkdir -p "$passed"
  find "$passed" -type f -mtime +30 -delete
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  keys "$build" "$@" >"$work/keys"
  while read -r key file; do
    [[ -e $passed/$key ]] || printf '%s %s\n' "$passed/$key" "$file"
  done <"$work/keys" >"$work/todo"
  say "$# files, $(wc -l <"$work/todo") of them changed since they passed"
  xargs -r -P "$JOBS" -L 1 "$ROOT/tests/tidy.sh" --check "$build" <"$work/todo" || status=1
  ((status == 0)) || die "clang-tidy found something (see above)"
  say "all files pass"
}

# check_file BUILD MARK FILE: MARK is made when FILE passes.
check_file() {
  local output
  if output=$(cd "$ROOT" && clang-tidy --quiet -p "$1" \
    --extra-arg=-Wno-unknown-warning-option "$3" 2>&1 </dev/null); then
    touch "$2"
  else
    printf -- '--- %s\n%s\n' "$3" "$output"
    return 1
  fi
}

# keys BUILD FILE...: prints "KEY FILE" for each.
keys() {
  local build=$1 common file
  shift
  common=$(cat .clang-tidy && clang-tidy --version)
  closures "$@" | while read -r file headers; do
    printf '%s %s\n' "$({
      printf '%s\n' "$common"
      jq -r --arg file "$ROOT/$file" '.[] | select(.file == $file) | .command' \
        "$build/compile_commands.json"
      # shellcheck disable=SC2086
      cat "$file" $headers
    } | sha256sum | cut -c1-32)" "$file"
  done
}

# closures FILE...: prints for each FILE its name and all project headers that it reaches. Quoted
# includes are looked up from the top folder and from include/, as the build does.
closures() {
  { grep -rHE --include='*.h' --include='*.cc' '^#include "' "${FOLDERS[@]}" 2>/dev/null || :; } |
    sed -E 's/^([^:]+):#include "([^"]+)".*/\1 \2/' |
    awk -v files="$*" -v folders="${FOLDERS[*]}" '
      function resolve(name, path) {
        path = "include/" name
        if (path in exists) return path
        return name in exists ? name : ""
      }
      function reach(file, i, n, list, path) {
        n = split(includes[file], list, " ")
        for (i = 1; i <= n; ++i) {
          path = resolve(list[i])
          if (path == "" || path in seen) continue
          seen[path] = 1
          line = line " " path
          reach(path)
        }
      }
      BEGIN {
        find = "find " folders " -name \"*.h\" 2>/dev/null"
        while ((find | getline path) > 0) exists[path] = 1
      }
      { includes[$1] = includes[$1] " " $2 }
      END {
        n = split(files, list, " ")
        for (i = 1; i <= n; ++i) {
          split("", seen)
          line = list[i]
          reach(list[i])
          print line
        }
      }'
}

main "$@"
