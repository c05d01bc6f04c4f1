#!/usr/bin/env bash
# The drill of backup and restore under load, with counts: scripts/drill-backup.sh [EVENTS]. Visitors post EVENTS events before and as many
# after the backup begins (10,000 when absent); then everything is lost and comes back, in one binary on SQLite, and in three services on
# Postgres with pg_dump and pg_restore. docs/backup.md says what is counted.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0 AISLE_DRILL_EVENTS=${1:-10000} AISLE_TEST_FSYNC=on
exec scripts/with-stores.sh go test -count=1 -timeout 30m -parallel 1 -v -run '^(TestBackupOfARunningServer|TestBackupOnPostgres|TestARestoreThatCannotBeWholeIsRefused)$' ./standalone/e2e
