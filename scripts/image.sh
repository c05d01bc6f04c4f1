#!/usr/bin/env bash
# Makes the image of Aisle from nothing: no base image, one static program with links by the names of the others, certificates, and a user
# that is not root. Four uses:
#
#   scripts/image.sh root FOLDER     only the folder, which the Dockerfile copies; it needs bin/aisle
#   scripts/image.sh load [NAME]     builds bin/aisle and puts the image NAME (aisle:local) into Docker, which need not reach a registry
#   scripts/image.sh size NAME       says how large an image is
#   scripts/image.sh base NAME       puts an image of Debian's packages and this machine's Go into Docker, to stand in for the images that
#                                    Dockerfile and compose file begin with (deploy/image/base.yaml); needs root and debootstrap
#
# The same commit makes the same layer, byte for byte.
set -euo pipefail
cd "$(dirname "$0")/.."
work=''
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
fail() { echo "image: $*" >&2; exit 1; }

certificates() { # the file of those that the host trusts
  local bundle
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    [ ! -s "$bundle" ] || { echo "$bundle"; return; }
  done
  fail "found no certificates: install the package ca-certificates"
}

root() { # folder
  local out=$1 bundle program
  [ -x bin/aisle ] || fail "there is no bin/aisle: run make build"
  bundle=$(certificates)
  install -d "$out"/usr/local/bin "$out"/etc/ssl/certs "$out"/var/lib
  install -d -m 0700 "$out"/var/lib/aisle "$out"/keys
  install -d -m 1777 "$out/tmp"
  install -m 0755 bin/aisle "$out/usr/local/bin/aisle"
  for program in profile-service similarity-service recommender-service migrate; do ln -sf aisle "$out/usr/local/bin/$program"; done
  install -m 0644 deploy/image/etc/passwd deploy/image/etc/group "$out/etc/"
  install -m 0644 "$bundle" "$out/etc/ssl/certs/ca-certificates.crt"
}

load() { # name
  local name=$1 version
  work=$(mktemp -d)

  make -s bin/aisle
  version=$(bin/aisle --version | awk '{print $3}')
  root "$work/tree"
  tar --create --file "$work/image.tar" --directory "$work/tree" --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 \
    --exclude=./keys --exclude=./var/lib/aisle .
  tar --append --file "$work/image.tar" --directory "$work/tree" --sort=name --mtime=@0 --numeric-owner --owner=65532 --group=65532 \
    ./keys ./var/lib/aisle
  docker import --change 'USER 65532:65532' --change 'ENV PATH=/usr/local/bin' --change 'WORKDIR /var/lib/aisle' \
    --change 'ENTRYPOINT ["/usr/local/bin/aisle"]' --change 'CMD ["serve"]' --change "LABEL org.opencontainers.image.version=$version" \
    --change 'LABEL org.opencontainers.image.licenses=Apache-2.0' "$work/image.tar" "$name" >/dev/null
  size "$name"
}

size() { # name
  echo "$1: $(docker image inspect --format '{{.Size}}' "$1" | awk '{printf "%.1f MB", $1/1e6}') on disk, $(docker save "$1" | gzip -c | wc -c | awk '{printf "%.1f MB", $1/1e6}') as it is pulled"
}

base() { # name
  local name=$1 packages=ca-certificates,make,postgresql,redis-server suite postgres
  [ "$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null || fail "the base image needs root and the package debootstrap"
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
  work=$(mktemp -d)
  debootstrap --variant=minbase --include="$packages" "$suite" "$work/tree" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; fail "debootstrap failed"; }
  cp -a "$(go env GOROOT)" "$work/tree/usr/local/go"
  install -m 0644 "$(certificates)" "$work/tree/etc/ssl/certs/ca-certificates.crt" # those of the host: what is fetched while the image is built comes by its proxy
  postgres=$(cd "$work/tree" && echo usr/lib/postgresql/*/bin)
  chroot "$work/tree" install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data
  chroot "$work/tree" install -d -o redis -g redis /data
  tar --create --directory "$work/tree" . |
    docker import --change "ENV PATH=/usr/local/go/bin:/$postgres:/usr/sbin:/usr/bin:/sbin:/bin GOTOOLCHAIN=local" - "$name" >/dev/null
}

case "${1:-}" in
root) [ $# -eq 2 ] || fail "usage: scripts/image.sh root FOLDER"; root "$2" ;;
load) load "${2:-aisle:local}" ;;
size) [ $# -eq 2 ] || fail "usage: scripts/image.sh size NAME"; size "$2" ;;
base) [ $# -eq 2 ] || fail "usage: scripts/image.sh base NAME"; base "$2" ;;
*) fail "usage: scripts/image.sh root FOLDER | load [NAME] | size NAME | base NAME" ;;
esac
