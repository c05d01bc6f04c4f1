#!/usr/bin/env bash
# For daily work: formatting, vet and the tests of the packages whose files differ from main, or from the branch given; without the
# end-to-end tests and those that wait for half a minute, which `make test` runs: scripts/check.sh [BASE]
set -euo pipefail
cd "$(dirname "$0")/.."
base=${1:-main}
git rev-parse -q --verify "$base" >/dev/null || base=HEAD

mapfile -t files < <({ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | sort -u)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.go$')
if [ ${#sources[@]} -gt 0 ]; then
  unformatted=$(gofmt -l "${sources[@]}")
  if [ -n "$unformatted" ]; then printf 'gofmt would change (run make fmt):\n%s\n' "$unformatted" >&2; exit 1; fi
fi

# package_of prints the folder of the package that a file is in or is embedded by: the nearest one above it with Go files.
package_of() {
  local folder; folder=$(dirname "$1")
  until compgen -G "$folder/*.go" >/dev/null; do
    [ "$folder" != . ] || return 0
    folder=$(dirname "$folder")
  done
  echo "./$folder"
}

# The modules that go.work does not name have commands of their own.
mapfile -t packages < <(for f in "${files[@]}"; do package_of "$f"; done | sort -u | grep -vE '^\./(tools|deploy/helm/test|sdk/|standalone/e2e|bench/)')
if [ ${#packages[@]} = 0 ]; then echo "no package differs from $base"; exit; fi
go vet "${packages[@]}"
# Many tests wait for rounds of some seconds: more at once than there are cores.
scripts/with-stores.sh go test -short -parallel 16 "${packages[@]}"
