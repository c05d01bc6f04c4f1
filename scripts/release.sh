#!/usr/bin/env bash
# Makes a release in dist/: scripts/release.sh VERSION. Archives for linux/amd64 and arm64, Debian packages, a list of what is in the programs
# (SBOM), and SHA256SUMS, signed where AISLE_SIGNING_KEY names a key. The same commit and Go make the same bytes, whatever the folder and the
# day. docs/releasing.md has the steps around it.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "release: $*" >&2; exit 1; }
version=${1:-}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "usage: scripts/release.sh VERSION, such as 0.1.0 (semver.org)"
coming=$(sed -n 's/^const release = "\(.*\)"/\1/p' shared/process/version.go)
[ "${version%%-*}" = "$coming" ] || fail "shared/process/version.go says that $coming comes next, not $version: change it first"
grep -q "^## $version" CHANGELOG.md || [ -n "${AISLE_RELEASE_DRAFT:-}" ] || fail "CHANGELOG.md has no section \"## $version\": name what is under Unreleased so"
commit=${AISLE_RELEASE_COMMIT:-$(git rev-parse --short=12 HEAD)}
[ -n "${AISLE_RELEASE_COMMIT:-}${AISLE_RELEASE_DRAFT:-}" ] || [ -z "$(git status --porcelain)" ] || fail "the tree has changes that are in no commit"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} CGO_ENABLED=0 GOFLAGS=-tags=nomsgpack TZ=UTC LC_ALL=C
umask 022
out=$PWD/dist work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out" && mkdir -p "$out"

pack() { tar --create --directory "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --numeric-owner --owner=0 --group=0 "${@:2}" | gzip -9n; }

debian() { # architecture
  local arch=$1 root=$work/deb-$1
  install -d "$root/DEBIAN" "$root/usr/bin" "$root/etc/aisle" "$root/lib/systemd/system" "$root/usr/share/doc/aisle"
  install -m 0755 "$work/$arch/aisle" "$root/usr/bin/aisle"
  install -m 0644 deploy/debian/aisle.env "$root/etc/aisle/aisle.env"
  install -m 0644 deploy/systemd/aisle.service "$root/lib/systemd/system/aisle.service"
  printf 'Files: *\nCopyright: the Aisle authors\nLicense: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\n' >"$root/usr/share/doc/aisle/copyright"
  gzip -9nc CHANGELOG.md >"$root/usr/share/doc/aisle/changelog.gz"
  install -m 0755 deploy/debian/postinst deploy/debian/prerm "$root/DEBIAN/"
  echo /etc/aisle/aisle.env >"$root/DEBIAN/conffiles"
  cat >"$root/DEBIAN/control" <<CONTROL
Package: aisle
Version: ${version/-/\~}
Architecture: $arch
Maintainer: Aisle <aisle@aisle-rec.example>
Depends: adduser
Recommends: ca-certificates
Section: web
Priority: optional
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Homepage: https://github.com/aisle-rec/aisle
Description: recommendations for storefronts, self-hosted
 A shop posts what its visitors do and asks what to show. One program holds
 catalogue, events, models, placements, console and command line.
CONTROL
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group --build "$root" "$out/aisle_${version}_$arch.deb" >/dev/null
}

for arch in amd64 arm64; do
  mkdir -p "$work/$arch"
  GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -X github.com/aisle-rec/aisle/shared/process.version=$version -X github.com/aisle-rec/aisle/shared/process.commit=$commit" \
    -o "$work/$arch/aisle" ./standalone/cmd/aisle
  folder=aisle_${version}_linux_$arch
  mkdir "$work/$folder" && cp "$work/$arch/aisle" LICENSE README.md CHANGELOG.md deploy/systemd/aisle.service "$work/$folder/"
  pack "$work" "$folder" >"$out/$folder.tar.gz"
  if command -v dpkg-deb >/dev/null; then debian "$arch"; else echo "release: no dpkg-deb here, so no Debian package" >&2; fi
done
scripts/sbom.sh "$work/amd64/aisle" "$version" >"$out/aisle_$version.spdx.json"
scripts/sign.sh "$out"
ls -l "$out"
