#!/usr/bin/env bash
# Runs the image aisle:local (make image) as three services and a gateway on a private Postgres and Redis, with a read-only root and no
# capabilities; asks it, kills each container and asks again. It needs Docker, and nothing from a registry: scripts/drill-image.sh
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" = inside ] || exec scripts/with-stores.sh "$0" inside
fail() { echo "drill-image: $*" >&2; for c in "${names[@]}"; do docker logs --tail 5 "aisle-drill-$c" >&2 || true; done; exit 1; }
names=(profile-service similarity-service recommender-service gateway)
work=$(mktemp -d)
stop() { for c in "${names[@]}"; do docker rm -f "aisle-drill-$c" >/dev/null 2>&1 || true; done; rm -rf "$work"; }
trap stop EXIT
install -d -o 65532 -g 65532 -m 0700 "$work/keys" "$work/models"
base=${TEST_DATABASE_URL#postgres://*@} base=${base%%/*}
box=(--network host --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges -v "$work/keys:/keys" -v "$work/models:/var/lib/aisle")
settings=(-e AISLE_KEYS_FILE=/keys/aisle-keys.json -e AISLE_SERVICE_KEY=a-key-that-only-the-three-services-have -e AISLE_REDIS_URL="$TEST_REDIS_URL" -e AISLE_BLOB_URL=file:///var/lib/aisle/models
  -e AISLE_PROFILE_URL=http://127.0.0.1:28081 -e AISLE_SIMILARITY_URL=http://127.0.0.1:28082 -e AISLE_RECOMMENDER_URL=http://127.0.0.1:28083 -e AISLE_TRUSTED_PROXIES=127.0.0.1 -e TMPDIR=/var/lib/aisle)
for d in profile similarity recommender; do settings+=(-e "AISLE_${d^^}_DATABASE_URL=postgres://drill_$d:secret@$base/drill_$d?sslmode=disable"); done
docker run --rm "${box[@]}" "${settings[@]}" aisle:local migrate up --admin-url "$TEST_DATABASE_URL"
key=$(docker run --rm "${box[@]}" aisle:local keys create --keys-file /keys/aisle-keys.json --shop default 2>/dev/null)
port=28081
for c in "${names[@]}"; do
  [ "$c" = gateway ] && port=28080
  docker run -d --name "aisle-drill-$c" "${box[@]}" "${settings[@]}" -e AISLE_LISTEN=127.0.0.1:$port -e AISLE_ADMIN_LISTEN=127.0.0.1:$((port + 1000)) aisle:local "$c" >/dev/null
  port=$((port + 1))
done
call() { curl -sf --max-time 10 -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$@"; }
answered() { call http://127.0.0.1:28080/v1/recommendations -d '{"scenario":"home.trending","limit":3,"deadline_ms":5000}' | grep -q '"item_id":"lamp"'; }
whole() { # what was asked
  for _ in $(seq 120); do
    if answered && docker exec aisle-drill-gateway aisle health --admin-url http://127.0.0.1:29080 >/dev/null 2>&1; then echo "drill-image: $1: answered"; return; fi
    sleep 0.5
  done
  fail "$1: no answer within a minute"
}
for _ in $(seq 120); do call -X POST http://127.0.0.1:28080/v1/items/batch -d '[{"item_id":"lamp","title":"Lamp","price":12,"currency":"EUR"}]' >/dev/null && break; sleep 0.5; done
call http://127.0.0.1:28080/v1/events -d '[{"event_id":"one","type":"view_item","user_id":"u","item_id":"lamp"}]'
whole "after the start"
for c in "${names[@]}"; do
  docker kill "aisle-drill-$c" >/dev/null
  docker start "aisle-drill-$c" >/dev/null
  whole "after docker kill of $c"
done
call 'http://127.0.0.1:28080/v1/events?limit=10' | grep -q '"event_id":"one"' || fail "the event is gone"
[ "$(docker inspect -f '{{.Config.User}}' aisle-drill-gateway)" = 65532:65532 ] || fail "it runs as another user"
echo "drill-image: all containers were killed once, everything came back, the event is there"
