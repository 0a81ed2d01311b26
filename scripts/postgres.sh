#!/usr/bin/env bash
# A PostgreSQL server of one's own, for tests and measurements: on loopback, in its own folder, gone afterwards.
#   scripts/postgres.sh install         installs the server, and strace, where they are missing (Debian and its kin)
#   scripts/postgres.sh serve [FOLDER]  starts one, prints its address, and removes it when its standard input ends
#   scripts/postgres.sh start FOLDER    starts it again after it was killed
#   scripts/postgres.sh under FOLDER COMMAND…  the same in the foreground, as a child of a command such as strace
set -euo pipefail

bin() {
  local found
  found="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)"
  if [ -z "$found" ] && command -v initdb >/dev/null; then found="$(dirname "$(command -v initdb)")"; fi
  printf '%s' "$found"
}

complete() { [ -n "$(bin)" ] && [ -x "$(bin)/initdb" ] && command -v strace >/dev/null; }

install() {
  complete && return
  local root=""
  [ "$(id -u)" = 0 ] || root="sudo"
  export DEBIAN_FRONTEND=noninteractive
  # The package would make and start a cluster of its own.
  $root mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo "create_main_cluster = false" | $root tee /etc/postgresql-common/createcluster.conf >/dev/null
  $root apt-get update -qq
  $root apt-get install -y -qq postgresql strace >/dev/null
  complete || { echo "install PostgreSQL (version 15 or newer) and strace by hand" >&2; exit 1; }
}

# The server refuses to run as root.
as_user() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

start() {
  binaries="$(bin)"
  cd "$1"
  as_user "$binaries/pg_ctl" -D "$1/data" -w -l "$1/log" start >/dev/null || { cat "$1/log" >&2; exit 1; }
}

under() {
  binaries="$(bin)"
  folder="$1"
  shift
  cd "$folder"
  as_user "$@" "$binaries/postgres" -D "$folder/data" >>"$folder/log" 2>&1
}

serve() {
  install
  folder="${1:-}"
  [ -n "$folder" ] || folder="$(mktemp -d)"
  mkdir -p "$folder"
  binaries="$(bin)"
  if [ "$(id -u)" = 0 ]; then
    chown postgres:postgres "$folder"
    chmod 755 "$folder"
  fi
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  trap 'cd /; as_user "$binaries/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
  trap 'exit 0' INT TERM HUP
  cd "$folder"
  as_user "$binaries/initdb" -D "$folder/data" -U lockstep -A trust -E UTF8 --locale=C --no-sync >/dev/null
  cat >>"$folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
CONF
  start "$folder"
  as_user "$binaries/createdb" -h 127.0.0.1 -p "$port" -U lockstep lockstep
  echo "postgres://lockstep@127.0.0.1:$port/lockstep?sslmode=disable"
  cat >/dev/null
}

case "${1:-}" in
  install) install ;;
  serve) shift; serve "$@" ;;
  start) start "$2" ;;
  under) shift; under "$@" ;;
  *) sed -n 2,6p "$0"; exit 2 ;;
esac
