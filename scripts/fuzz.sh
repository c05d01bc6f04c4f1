#!/usr/bin/env bash
# Runs every fuzz test for a while: scripts/fuzz.sh [TIME], 30s when absent. What fails is kept below testdata/fuzz of its package.
set -euo pipefail
cd "$(dirname "$0")/.."
grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file declaration; do
  echo "== $file ${declaration#func }"
  go test -run '^$' -fuzz "^${declaration#func }\$" -fuzztime "${1:-30s}" "./$(dirname "${file#./}")" </dev/null
done
