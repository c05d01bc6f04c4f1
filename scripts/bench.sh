#!/usr/bin/env bash
# Runs the benchmarks at a size that a small machine holds and writes docs/benchmarks.md: scripts/bench.sh, within scripts/with-stores.sh and after "make build".
# BENCH_VISITORS, BENCH_SECONDS and BENCH_EVENTS are other sizes. A benchmark that fails leaves the page as it was.
set -euo pipefail
cd "$(dirname "$0")/.."
visitors=${BENCH_VISITORS:-8000} seconds=${BENCH_SECONDS:-3} events=${BENCH_EVENTS:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
began=$(date +%s)
cp /proc/loadavg "$work/load"

section() { # title, what it is, command...: the tables that the command prints
  local title=$1 text=$2; shift 2
  echo "bench: $title" >&2
  { printf '\n## %s\n%s\n\n    %s\n\n' "$title" "$text" "$*"; } >>"$work/page"
  # visits ends with 1 when an answer under overload held what its visitor had bought, and shows it in its table.
  "$@" >"$work/out" 2>"$work/log" || { grep -q '^| ' "$work/out" || { tail -5 "$work/log" >&2; exit 1; }; }
  sed -E 's/^([a-z]+): /- \1: /' "$work/out" >>"$work/page" # a line of the profile-service's is an entry of a list
}

code() { # packages of the Go benchmarks that take no store and little time
  echo "bench: code" >&2
  printf '\n## Code\nGo benchmarks of what runs most, `-benchtime 200ms`, in the time of one processor.\n\n| benchmark | ns | bytes | allocations |\n|---|---|---|---|\n' >>"$work/page"
  go test -run '^$' -bench . -benchtime 200ms -benchmem "$@" >"$work/out" 2>"$work/log" || { tail -5 "$work/log" >&2; exit 1; }
  awk '/^Benchmark/ { ns = bytes = allocs = ""
    for (i = 2; i < NF; i++) { if ($(i+1) == "ns/op") ns = $i; if ($(i+1) == "B/op") bytes = $i; if ($(i+1) == "allocs/op") allocs = $i }
    sub(/-[0-9]+$/, "", $1); sub(/^Benchmark/, "", $1); print "| " $1 " | " ns " | " bytes " | " allocs " |" }' "$work/out" >>"$work/page"
}

visits="-visitors $visitors -seconds $seconds -open-seconds $seconds"
section "Three processes on Postgres and Redis" "CPU of Postgres and Redis counts. The lines with \"through the gateway\" stand beside their pair straight to the services; the line of a second without requests is microseconds of CPU a second." \
  go run ./bench/visits -form three $visits -idle-seconds 30
section "One process on SQLite" "" go run ./bench/visits -form one $visits -idle-seconds 10
section "The profile-service on Postgres" "Events one by one and in batches, profiles, the stream of interactions and imports." go run ./profile-service/bench -events "$events"
section "The profile-service on SQLite" "" go run ./profile-service/bench -sqlite -events "$events"
code ./shared/visitorstate ./shared/profileapi ./profile-service/internal/event ./recommender-service/internal/candidate ./recommender-service/internal/rerank

{
  cat <<'TEXT'
# Benchmarks

Made by `make bench`; do not edit. A **visit** is an event that is acknowledged and then two placements of 20 items; what a line measures stands in [bench](../bench/README.md#what-is-measured).
CPU is microseconds per unit of every process, latencies are milliseconds, and the client shares the processors. On a machine that others use too, CPU varies by a third and
latencies by more. What changed over time, where the time goes and a comparison with another server: [comparison.md](comparison.md).

| | |
|---|---|
TEXT
  echo "| date | $(date -u +%F) |"
  echo "| version | $(git describe --tags --always 2>/dev/null || echo unknown) |"
  echo "| processor | $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores |"
  echo "| load before and after | $(cut -d ' ' -f 1 "$work/load"), $(cut -d ' ' -f 1 /proc/loadavg) |"
  echo "| memory | $(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo) |"
  echo "| Go | $(go env GOVERSION) |"
  echo "| sizes | $visitors visitors, $seconds s each, $events events of the profile-service |"
  echo "| took | $(( $(date +%s) - began )) s |"
  cat "$work/page"
} >"$work/benchmarks.md"
cp "$work/benchmarks.md" docs/benchmarks.md
echo "bench: wrote docs/benchmarks.md" >&2
