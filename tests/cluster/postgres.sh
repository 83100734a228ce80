#!/usr/bin/env bash
# bash tests/cluster/postgres.sh [COMMAND...]: runs a command (default: the tests marked `postgres`)
# with a PostgreSQL server of its own on loopback, and removes the server again.
#
# As root on a Debian system it installs PostgreSQL; elsewhere its programs must be there. The command
# finds the server's URL in DROPOUT_STUDY_POSTGRES, and in DROPOUT_STUDY_POSTGRES_CONTROL a program
# that takes `start`, `stop` or `restart`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

programs() { # prints the directory of initdb and pg_ctl
    { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; pg_config --bindir 2>/dev/null; } |
        while read -r bin; do
            if [[ -x $bin/initdb ]]; then echo "$bin"; break; fi
        done
}

bin=$(programs || true)
if [[ -z $bin ]]; then
    install postgresql
    bin=$(programs || true)
fi
[[ -n $bin ]] || { echo "there is no PostgreSQL server: its tests are not run"; exit 0; }
needs psycopg postgres

port=$(free_port)
control=$place/control
as_owner=
if [[ $(id -u) == 0 ]]; then as_owner="runuser -u postgres --"; fi
cat >"$control" <<END
#!/bin/sh
cd / && exec $as_owner $bin/pg_ctl -D $place/server/data -l $place/server/log -s -w -m immediate \\
    -o "-p $port -k $place/server -c listen_addresses=127.0.0.1" "\$1"
END
chmod 755 "$control"
mkdir "$place/server"
if [[ $(id -u) == 0 ]]; then chown postgres "$place/server"; fi
trap '"$control" stop >/dev/null 2>&1 || true; rm -rf "$place"' EXIT

password=$(python3 -c 'import secrets; print(secrets.token_hex(12))')
echo "$password" >"$place/password"
(cd / && $as_owner "$bin/initdb" -D "$place/server/data" -U postgres -A scram-sha-256 \
    --pwfile="$place/password") >"$place/initdb.log"
rm "$place/password"
"$control" start
export DROPOUT_STUDY_POSTGRES="postgresql+psycopg://postgres:$password@127.0.0.1:$port/postgres"
export DROPOUT_STUDY_POSTGRES_CONTROL=$control
if (($#)); then "$@"; else pytest -n 0 -m postgres; fi
