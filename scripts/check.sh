#!/usr/bin/env bash
# For daily work: formatting, vet and the tests of the packages whose files differ from main, or from the branch given; without the
# end-to-end tests, which `make test` runs: scripts/check.sh [BASE]
set -euo pipefail
cd "$(dirname "$0")/.."
base=${1:-main}
git rev-parse -q --verify "$base" >/dev/null || base=HEAD

mapfile -t files < <({ git diff --name-only --diff-filter=d "$base" -- '*.go'; git ls-files --others --exclude-standard -- '*.go'; } | sort -u)
if [ ${#files[@]} = 0 ]; then echo "no Go file differs from $base"; exit; fi
unformatted=$(gofmt -l "${files[@]}")
if [ -n "$unformatted" ]; then printf 'gofmt would change (run make fmt):\n%s\n' "$unformatted" >&2; exit 1; fi

# Templates and SQL count for the package that embeds them; the modules that go.work does not name have commands of their own.
mapfile -t packages < <(printf '%s\n' "${files[@]}" | xargs -n1 dirname | sort -u | grep -vE '^(tools|deploy/helm/test|sdk/|standalone/e2e)' | sed 's|^|./|')
if [ ${#packages[@]} = 0 ]; then echo "no package to test"; exit; fi
go vet "${packages[@]}"
scripts/with-stores.sh go test "${packages[@]}"
