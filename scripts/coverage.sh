#!/usr/bin/env bash
# Says how much of the path of an event and of the path of a recommendation the tests of their services reach, by package and in all: the
# share of statements, where each side of a branch has its own. coverage-event.out and coverage-ranking.out have the lines.
set -euo pipefail
cd "$(dirname "$0")/.."

# path NAME SERVICE PACKAGE... runs the tests of a service and counts what they reach of the packages.
path() {
  local name=$1 service=$2 packages
  shift 2
  packages=$(printf "./$service/internal/%s," "$@")
  scripts/with-stores.sh go test -count=1 -timeout 30m -coverprofile="coverage-$name.out" -coverpkg="${packages%,}" "./$service/..." >/dev/null
  # A block is in the profile once for each test binary; it counts as reached when one of them reached it.
  awk -v name="$name" 'NR > 1 {
    split($1, at, ":"); package = at[1]; sub("/[^/]*$", "", package); sub(".*/internal/", "", package)
    if (!($1 in size)) { size[$1] = $2; of[$1] = package }
    if ($3 > 0) reached[$1] = 1
  }
  END {
    for (b in size) { all[of[b]] += size[b]; total += size[b]; if (b in reached) { hit[of[b]] += size[b]; hits += size[b] } }
    for (p in all) printf "%s path: %-24s %5.1f %%\n", name, p, 100 * hit[p] / all[p] | "sort"
    close("sort")
    printf "%s path: %-24s %5.1f %%\n", name, "all", 100 * hits / total
  }' "coverage-$name.out"
}

path event profile-service event event/foreign ingest visitor store/sqlstore store/sqlstore/sqldb store/sqlstore/number \
  store/sqlstore/stored store/sqlstore/items store/sqlstore/imports store/sqlstore/standby
path ranking recommender-service admission affinity candidate cursor decision explanation facet factor filter history offer recommend rerank rotation \
  rules scenario visitor
