#!/usr/bin/env bash
# Checks formatting, the length of lines, vet, staticcheck and that every module is tidy: scripts/lint.sh MODULE...
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
problem() { echo "lint: $1" >&2; shift; printf '%s\n' "$@" >&2; failed=1; }

unformatted=$(gofmt -l "$@")
[ -z "$unformatted" ] || problem "gofmt would change (run make fmt):" "$unformatted"

# The clients in sdk/ are made by a program. A tab counts as four; awk counts characters, or bytes where it knows no others.
long=$(git ls-files '*.go' ':!:sdk/' |
  xargs awk '{ gsub(/\t/, "    ") } length($0) > 140 { print FILENAME ":" FNR ": " length($0) " characters" }')
[ -z "$long" ] || problem "lines are longer than 140 characters:" "$long"

go vet work || problem "go vet found problems"

(cd tools && GOWORK=off go build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck) # a module of its own, so that it is no dependency of the product
patterns=()
for module in "$@"; do patterns+=("./$module/..."); done
bin/staticcheck "${patterns[@]}" || problem "staticcheck found problems"

# go mod tidy complains about the sibling modules, which only go.work knows; what counts is whether it would change a file.
for module in "$@"; do
  before=$(cat "$module/go.mod")
  (cd "$module" && go mod tidy -e >/dev/null 2>&1) || true
  [ "$before" = "$(cat "$module/go.mod")" ] || problem "$module/go.mod was not tidy; it is now"
done

if grep -rnE 'replace .*=>' --include=go.mod . >/dev/null; then problem "go.mod files must not replace modules"; fi
exit $failed
