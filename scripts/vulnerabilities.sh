#!/usr/bin/env bash
# Looks for known vulnerabilities that the program, which is all of them, can reach. It asks Go's public database, or the one that
# GOVULNDB names (https:// or file://). Exit code 3: some were found; 1: nothing is known, since the database or the code could not be read.
set -euo pipefail
cd "$(dirname "$0")/.."
(cd tools && GOWORK=off go build -o ../bin/govulncheck golang.org/x/vuln/cmd/govulncheck)
problems=$(mktemp)
trap 'rm -f "$problems"' EXIT
status=0
bin/govulncheck -C standalone ${GOVULNDB:+-db "$GOVULNDB"} ./cmd/aisle 2>"$problems" || status=$?
cat "$problems" >&2
if [ $status = 1 ] && grep -q 'fetching vulnerabilities' "$problems"; then
  echo "vulnerabilities: NOTHING WAS CHECKED: the database does not answer; set GOVULNDB to one that does, https://... or file:///..." >&2
fi
exit $status
