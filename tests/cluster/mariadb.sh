#!/usr/bin/env bash
# bash tests/cluster/mariadb.sh [COMMAND...]: runs a command (default: the tests marked `mysql`) with a
# MariaDB server of its own on loopback, and removes the server again.
#
# As root on a Debian system it installs MariaDB; elsewhere its programs must be there. The command
# finds the server's URL in DROPOUT_STUDY_MYSQL, and in DROPOUT_STUDY_MYSQL_CONTROL a program that
# takes `start`, `stop` or `restart`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PATH=$PATH:/usr/sbin
command -v mariadbd >/dev/null || install mariadb-server
command -v mariadbd >/dev/null || { echo "there is no MariaDB server: its tests are not run"; exit 0; }
needs pymysql mysql

port=$(free_port)
control=$place/control
user=$(id -un)
if [[ $user == root ]]; then user=mysql; fi
mkdir "$place/server"
if [[ $(id -u) == 0 ]]; then chown mysql "$place/server"; fi
cat >"$control" <<END
#!/bin/bash
stop() { # at once, as in a crash
    if [[ -f $place/server/pid ]]; then kill -KILL \$(<$place/server/pid) && rm $place/server/pid; fi
    while [[ -S $place/server/socket ]] && mariadb-admin --no-defaults -S $place/server/socket ping; do sleep 0.1; done
}
start() {
    mariadbd --no-defaults --datadir=$place/server/data --user=$user --port=$port --bind-address=127.0.0.1 \\
        --socket=$place/server/socket --pid-file=$place/server/pid --log-error=$place/server/log </dev/null >/dev/null 2>&1 &
    until mariadb-admin --no-defaults -S $place/server/socket ping >/dev/null 2>&1; do sleep 0.1; done
}
case \$1 in start) start ;; stop) stop ;; restart) stop && start ;; esac
END
chmod 755 "$control"
trap '"$control" stop >/dev/null 2>&1 || true; rm -rf "$place"' EXIT

mariadb-install-db --no-defaults --datadir="$place/server/data" --user="$user" --skip-test-db \
    --auth-root-authentication-method=normal >"$place/install.log" 2>&1
"$control" start
password=$(python3 -c 'import secrets; print(secrets.token_hex(12))')
mariadb --no-defaults -u root -S "$place/server/socket" <<END
CREATE DATABASE studies;
CREATE USER anna@'127.0.0.1' IDENTIFIED BY '$password';
GRANT ALL ON studies.* TO anna@'127.0.0.1';
END
export DROPOUT_STUDY_MYSQL="mysql+pymysql://anna:$password@127.0.0.1:$port/studies"
export DROPOUT_STUDY_MYSQL_CONTROL=$control
if (($#)); then "$@"; else pytest -n 0 -m mysql; fi
