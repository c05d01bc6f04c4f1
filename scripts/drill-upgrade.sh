#!/usr/bin/env bash
# The drill of a rolling upgrade, with counts: scripts/drill-upgrade.sh [COMMIT]. It builds the programs of COMMIT, an earlier version with a gateway,
# and replaces two replicas of each of its services by those of this tree, one after the other, while visitors come.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=${1:-4b0f7e2}
work=$(mktemp -d "${TMPDIR:-/tmp}/aisle-upgrade.XXXXXX")
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0 GOFLAGS=-tags=nomsgpack
if [ -z "${AISLE_OLD_PROGRAMS:-}" ]; then
  mkdir "$work/src"
  git archive "$commit" | tar x -C "$work/src"
  (cd "$work/src" && go build -o "$work/bin/" ./standalone/cmd/aisle ./migrations/cmd/migrate ./{profile,similarity,recommender}-service/cmd/*)
  export AISLE_OLD_PROGRAMS=$work/bin
fi
GOFLAGS=-tags=nomsgpack,drill scripts/with-stores.sh go test -count=1 -timeout 30m -v -run '^TestRollingUpgrade$' ./standalone/e2e
