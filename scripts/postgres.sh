#!/usr/bin/env bash
# A private PostgreSQL server for tests: its own folder under the temporary directory, a free port of 127.0.0.1, a random
# password, and nothing made durable, for speed.
#
#   postgres.sh run COMMAND…   starts a server, runs the command with CAOTANG_TEST_POSTGRES set to its DSN, stops the server
#                              however the command ends, and exits with the command's status
#   postgres.sh start          starts a server that stays, and prints its DSN; a second start prints the same
#   postgres.sh stop           stops that server and removes its folder
#
# Where CAOTANG_TEST_POSTGRES is set already, `run` uses that server. CAOTANG_TEST_POSTGRES_PORT fixes the port.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
. "$here/tools.sh"
kept="$here/../.tools/postgres" # names the folder of the server that stays

# as_owner runs a command as the user who owns the server: PostgreSQL refuses to run as root.
as_owner() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  else
    local owner=nobody
    if id postgres >/dev/null 2>&1; then owner=postgres; fi
    (cd / && setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups env HOME=/ "$@")
  fi
}

start_in() { # FOLDER: prints the DSN
  local folder=$1 bin port password attempt
  bin=$(postgres_bin) || {
    echo "No PostgreSQL server is installed: run scripts/install-test-deps.sh, or set POSTGRES_BIN to the folder of initdb." >&2
    return 1
  }
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "$password" >"$folder/password"
  if [ "$(id -u)" -eq 0 ]; then
    chown -R "$(as_owner id -u)" "$folder"
  fi
  as_owner "$bin/initdb" --pgdata "$folder/data" --username caotang --pwfile "$folder/password" --auth scram-sha-256 \
    --encoding UTF8 --locale C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || {
    cat "$folder/initdb.log" >&2
    return 1
  }
  cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
jit = off
CONF
  # A port that looks free may be taken before the server opens it, hence the attempts.
  for attempt in 1 2 3 4 5 6 7 8; do
    port=${CAOTANG_TEST_POSTGRES_PORT:-$((20000 + RANDOM % 12000))}
    if as_owner "$bin/pg_ctl" --pgdata "$folder/data" --log "$folder/log" --options "-p $port" --wait start >/dev/null 2>&1; then
      echo "postgres://caotang:$password@127.0.0.1:$port/postgres?sslmode=disable"
      return
    fi
  done
  echo "PostgreSQL did not start:" >&2
  tail -n 20 "$folder/log" >&2
  return 1
}

stop_in() { # FOLDER
  if [ -e "$1/data/postmaster.pid" ]; then
    as_owner "$(postgres_bin)/pg_ctl" --pgdata "$1/data" --mode immediate --wait stop >/dev/null || true
  fi
  rm -rf "$1"
}

new_folder() { mktemp -d "${TMPDIR:-/tmp}/caotang-postgres-XXXXXX"; }

case "${1:-}" in
run)
  shift
  if [ -z "${CAOTANG_TEST_POSTGRES:-}" ]; then
    folder=$(new_folder)
    trap 'stop_in "$folder"' EXIT
    CAOTANG_TEST_POSTGRES=$(start_in "$folder")
    export CAOTANG_TEST_POSTGRES
  fi
  # In the background and waited for: bash hears no signal while a command runs in the foreground.
  "$@" <&0 &
  command=$!
  trap 'kill -TERM "$command" 2>/dev/null; wait "$command" || true; exit 130' INT TERM HUP
  wait "$command"
  ;;
start)
  if [ -e "$kept" ] && [ -e "$(cat "$kept")/data/postmaster.pid" ]; then
    cat "$(cat "$kept")/dsn"
    exit
  fi
  folder=$(new_folder)
  if ! dsn=$(start_in "$folder"); then
    stop_in "$folder"
    exit 1
  fi
  echo "$dsn" | tee "$folder/dsn"
  mkdir -p "$(dirname "$kept")"
  echo "$folder" >"$kept"
  ;;
stop)
  if [ -e "$kept" ]; then
    stop_in "$(cat "$kept")"
    rm -f "$kept"
  fi
  ;;
*)
  echo "usage: $0 run COMMAND… | start | stop" >&2
  exit 2
  ;;
esac
