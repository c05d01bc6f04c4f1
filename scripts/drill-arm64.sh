#!/usr/bin/env bash
# The drill of the program for arm64 on another machine: it says its version, becomes ready and answers the quick start, through QEMU. It needs
# the package qemu-user-static, and fails without: scripts/drill-arm64.sh
set -euo pipefail
cd "$(dirname "$0")/.."
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || {
  echo "drill-arm64: NOT DRILLED: there is no qemu-aarch64-static; install the package qemu-user-static" >&2
  exit 1
}
export CGO_ENABLED=0 GOFLAGS=-tags=nomsgpack
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOOS=linux GOARCH=arm64 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$work/arm64" ./standalone/cmd/aisle
printf '#!/bin/sh\nexec %s %s "$@"\n' "$qemu" "$work/arm64" >"$work/aisle"
chmod +x "$work/aisle"
"$work/aisle" --version | tee "$work/version"
grep -q 'linux/arm64' "$work/version" || { echo "drill-arm64: it does not say that it is for arm64" >&2; exit 1; }
GOFLAGS=-tags=nomsgpack,drill AISLE_DRILL_PROGRAMS=$work go test -count=1 -timeout 20m -v -run '^TestQuickStartOnArm64$' ./standalone/e2e
