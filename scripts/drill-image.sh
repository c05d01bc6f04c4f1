#!/usr/bin/env bash
# The drill of images, with counts: builds the image by the Dockerfile, starts the compose file, runs the quick start, and kills each container
# while visitors come (standalone/e2e/containers_test.go). It needs Docker with its plugin compose.
#
#   scripts/drill-image.sh           with the base images of a registry
#   scripts/drill-image.sh debian    without: Debian's packages stand in for them (scripts/image.sh base); needs root and debootstrap
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { echo "drill-image: $*" >&2; docker compose logs --tail 5 >&2 || true; exit 1; }
docker info >/dev/null && docker compose version >/dev/null
work=$(mktemp -d)
export COMPOSE_PROJECT_NAME=aisle-drill COMPOSE_FILE=docker-compose.yml COMPOSE_ENV_FILES=$work/env DOCKER_BUILDKIT=1 AISLE_PORT=28080
trap 'docker compose down --volumes --timeout 5 >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
while read -r line; do echo "${line/change-me-?/$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')}"; done <.env.example >"$work/env"
case "${1:-}" in
'') ;;
debian) COMPOSE_FILE+=:deploy/image/base.yaml; docker image inspect aisle-base:local >/dev/null 2>&1 || scripts/image.sh base aisle-base:local ;;
*) fail "usage: scripts/drill-image.sh [debian]" ;;
esac

COMMIT=$(git describe --always --dirty=.changed --exclude='*' --abbrev=12)
export COMMIT
docker compose build --quiet
scripts/image.sh size aisle:local
pulled=$(docker save aisle:local | gzip -c | wc -c)
[ "$pulled" -le 60000000 ] || fail "the image has $pulled bytes as it is pulled, more than 60 MB"
docker run --rm aisle:local --version | grep -q "$COMMIT" || fail "the program does not say that it is of $COMMIT"

docker compose --progress quiet up --no-build --wait --quiet-pull || fail "not all of it became healthy"
for c in profile-service similarity-service recommender-service gateway; do
  docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' "$(docker compose ps --quiet "$c")" |
    grep -qx '65532:65532 true \[ALL\] \[no-new-privileges:true\]' || fail "$c may do more than it has to"
done
echo "drill-image: all run as user 65532 on a read-only root without capabilities"

key() { docker compose run --rm --no-deps keys create --keys-file /keys/aisle-keys.json "$@" 2>/dev/null; }
AISLE_DRILL_KEY=$(key --shop default)
AISLE_DRILL_PUBLISHABLE_KEY=$(key --shop default --kind publishable --origin https://shop.example)
AISLE_DRILL_OTHER_KEY=$(key --shop other)
export AISLE_DRILL_KEY AISLE_DRILL_PUBLISHABLE_KEY AISLE_DRILL_OTHER_KEY AISLE_DRILL_ADDRESS=127.0.0.1:$AISLE_PORT
GOFLAGS=-tags=nomsgpack,drill go test -count=1 -timeout 20m -v -run '^(TestQuickStartOfContainers|TestContainersAreKilled)$' ./standalone/e2e ||
  fail "the drill failed"
