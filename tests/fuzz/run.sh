#!/bin/bash
# usage: run.sh PROGRAM SEEDS WORK_DIR SECONDS
# Runs one fuzz target for some seconds from a copy of its seeds; crashing inputs stay in WORK_DIR.
set -euo pipefail

if [[ $# -ne 4 ]]; then
  sed -n '2,3s/^# //p' "$0" >&2
  exit 2
fi
program=$1 seeds=$2 work=$3 seconds=$4

mkdir -p "$work"
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
cp -r "$seeds/." "$corpus"

"$program" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
  -print_final_stats=1 -artifact_prefix="$work/" "$corpus"
