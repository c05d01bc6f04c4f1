#!/usr/bin/env bash
# Makes the clients in sdk/ from the OpenAPI document of this tree's program.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/aisle" ./standalone/cmd/aisle
"$work/aisle" serve --data "$work/data" --listen 127.0.0.1:18093 --admin-listen off &
server=$!
for _ in $(seq 100); do
  curl -sf http://127.0.0.1:18093/openapi.json -o /dev/null && break
  sleep .1
done
go run ./sdk/generate -api http://127.0.0.1:18093 -out sdk -samples standalone/internal/gateway/samples.json
