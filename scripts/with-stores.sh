#!/usr/bin/env bash
# Runs a command with a private Postgres and Redis: scripts/with-stores.sh COMMAND...
# TEST_DATABASE_URL and TEST_REDIS_URL are used when set. Otherwise the servers are started from installed binaries (Postgres never
# as root), else from Debian packages if they may be installed, else with Docker; else the script says what to do and fails.
set -euo pipefail

fail() { echo "with-stores: $*" >&2; exit 1; }
note() { echo "with-stores: $*" >&2; }

# In memory where 2 GiB are free: hundreds of databases are made and dropped, and none outlives the command. A benchmark, which asks
# for fsync, wants the disk.
folder=${TMPDIR:-/tmp}
free_kib() { { df -Pk /dev/shm | awk 'NR == 2 { print $4 }'; awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo; } 2>/dev/null | sort -n | head -1; }
[ "${AISLE_TEST_FSYNC:-off}" = on ] || [ ! -w /dev/shm ] || [ "$(free_kib)" -lt $((2 << 20)) ] || folder=/dev/shm
work=$(mktemp -d "$folder/aisle-stores.XXXXXX")
chmod 755 "$work"
pg_bin='' postgres_pid='' redis_pid='' containers=()

stop() {
  status=$?
  [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null || true
  if [ -n "$postgres_pid" ]; then as_postgres "$pg_bin/pg_ctl" -D "$work/pg" -m immediate stop >/dev/null 2>&1 || true; fi
  [ ${#containers[@]} -eq 0 ] || docker rm -f "${containers[@]}" >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $status
}
trap stop EXIT
trap 'exit 130' INT TERM

free_port() { # a port nobody listens on, outside the ephemeral range
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  fail "found no free port on 127.0.0.1"
}

as_postgres() { # Postgres refuses to run as root
  if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

find_postgres() {
  local dir
  for dir in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql@*/bin 2>/dev/null | sort -Vr) \
    "$(dirname "$(command -v pg_ctl || echo /nowhere/x)")"; do
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] || continue
    [ "$("$dir/postgres" --version | grep -oE '[0-9]+' | head -1)" -ge 15 ] && { echo "$dir"; return; }
  done
}

find_redis() {
  local bin
  bin=$(command -v redis-server || true)
  [ -n "$bin" ] && [ "$("$bin" --version | grep -oE 'v=[0-9]+' | cut -c3-)" -ge 7 ] && echo "$bin"
  return 0
}

install_package() { # package
  command -v apt-get >/dev/null || return 1
  local sudo=''
  if [ "$(id -u)" -ne 0 ]; then sudo -n true 2>/dev/null || return 1; sudo=sudo; fi
  note "installing the package $1"
  # A package's own service is not wanted: private instances are started instead.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
  $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$1" >"$work/apt.log" 2>&1 ||
    { tail -5 "$work/apt.log" >&2; return 1; }
}

docker_runs() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

wait_for() { # what, command...
  local what=$1 i; shift
  for i in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  fail "$what did not start; its log: $(tail -5 "$work"/*.log 2>/dev/null)"
}

start_postgres() {
  pg_bin=$(find_postgres)
  if [ -z "$pg_bin" ] && install_package postgresql; then pg_bin=$(find_postgres); fi
  local port; port=$(free_port)
  if [ -n "$pg_bin" ]; then
    mkdir "$work/pg"; touch "$work/pg.log"
    [ "$(id -u)" -ne 0 ] || chown postgres "$work/pg" "$work/pg.log"
    as_postgres "$pg_bin/initdb" -D "$work/pg" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
    as_postgres "$pg_bin/pg_ctl" -D "$work/pg" -l "$work/pg.log" -w -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 -c fsync=${AISLE_TEST_FSYNC:-off} -c max_wal_size=4GB -c shared_buffers=256MB" start >/dev/null ||
      fail "Postgres did not start: $(tail -5 "$work/pg.log")"
    postgres_pid=$(head -1 "$work/pg/postmaster.pid")
  elif docker_runs; then
    containers+=("$(docker run -d -p "127.0.0.1:$port:5432" -e POSTGRES_HOST_AUTH_METHOD=trust postgres:16.4 -c max_connections=300)")
    wait_for Postgres docker exec "${containers[-1]}" pg_isready -U postgres -h 127.0.0.1
  else
    fail "found no Postgres 15 or later and may not install one: install the package postgresql, start Docker, or set TEST_DATABASE_URL to a server where databases may be created"
  fi
  export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
}

start_redis() {
  local bin; bin=$(find_redis)
  if [ -z "$bin" ] && install_package redis-server; then bin=$(find_redis); fi
  local port; port=$(free_port)
  if [ -n "$bin" ]; then
    "$bin" --port "$port" --bind 127.0.0.1 --save '' --appendonly no --databases 128 --dir "$work" --logfile "$work/redis.log" &
    redis_pid=$!
    wait_for Redis bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
  elif docker_runs; then
    containers+=("$(docker run -d -p "127.0.0.1:$port:6379" redis:7.4 redis-server --save '' --databases 128)")
    wait_for Redis docker exec "${containers[-1]}" redis-cli ping
  else
    fail "found no Redis 7 or later and may not install one: install the package redis-server, start Docker, or set TEST_REDIS_URL to a server whose databases 1 to 127 may be emptied"
  fi
  export TEST_REDIS_URL="redis://127.0.0.1:$port/0"
}

[ $# -gt 0 ] || fail "usage: scripts/with-stores.sh COMMAND..."
[ -n "${TEST_DATABASE_URL:-}" ] || start_postgres
[ -n "${TEST_REDIS_URL:-}" ] || start_redis
command -v chromium >/dev/null || install_package chromium || note "found no chromium and may not install one: tests of pages in a browser are left out"
PATH=$PATH:/usr/sbin${pg_bin:+:$pg_bin} # where Debian has pgbouncer, and the programs that make a standby
command -v pgbouncer >/dev/null || install_package pgbouncer || note "found no pgbouncer and may not install it: the story through PgBouncer is left out"
command -v prometheus >/dev/null || install_package prometheus || note "found no prometheus and may not install it: the tests of rules and dashboards are left out"
command -v node >/dev/null || install_package nodejs || note "found no node and may not install it: the test of the TypeScript client is left out"
"$@"
