#!/usr/bin/env bash
# bash tests/cluster/slurm.sh [COMMAND...]: runs a command (default: the tests marked `slurm`) with a
# Slurm of its own on this machine, and ends it again: one node, accounting, two partitions, of which
# `urgent` preempts `main` by requeueing its jobs.
#
# As root on a Debian system it installs Slurm and MariaDB; nothing of systemd is used. The command finds
# Slurm by the variable SLURM_CONF, as Slurm's own programs do.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export PATH=$PATH:/usr/sbin:/sbin

[[ $(id -u) == 0 ]] || { echo "Slurm's daemons are started as root"; exit 1; }
if ! command -v slurmctld slurmdbd slurmd munged mariadbd >/dev/null; then
    install slurm-wlm slurm-wlm-basic-plugins munge slurmdbd mariadb-server
fi
command -v slurmctld slurmdbd slurmd munged mariadbd >/dev/null || { echo "there is no Slurm"; exit 1; }
needs submitit slurm

host=$(hostname -s)
ctld=$(free_port) d=$(free_port) dbd=$(free_port) sql=$(free_port)
password=$(python3 -c 'import secrets; print(secrets.token_hex(12))')
mkdir "$place"/{munge,data,state,spool,run}
chmod 711 "$place/munge"
chown mysql "$place/data" "$place/run"
started=() # process numbers
end() {
    scancel -u root 2>/dev/null || true
    sleep 1 # Slurm's own processes of a job
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do kill "${started[i]}" 2>/dev/null || true; done
    for pid in "${started[@]}"; do tail --pid="$pid" -f /dev/null & done
    wait %tail 2>/dev/null || true
    rm -rf "$place" || { sleep 1 && rm -rf "$place"; }
}
trap end EXIT
run() { # NAME COMMAND...: starts a daemon
    local name=$1
    shift
    "$@" >"$place/$name.log" 2>&1 &
    started+=($!)
}
until_works() { # COMMAND...
    for _ in $(seq 60); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.5
    done
    echo "in vain: $*"
    tail -n 5 "$place"/*.log
    exit 1
}

dd if=/dev/urandom of="$place/munge/key" bs=1024 count=1 status=none
chmod 600 "$place/munge/key"
run munged munged --foreground --force --key-file="$place/munge/key" --socket="$place/munge/socket" \
    --pid-file="$place/munge/pid" --seed-file="$place/munge/seed" --log-file="$place/munge/log"

(cd / && mariadb-install-db --no-defaults --user=mysql --datadir="$place/data" \
    --auth-root-authentication-method=normal --skip-test-db) >"$place/install.log" 2>&1
run mariadbd mariadbd --no-defaults --user=mysql --datadir="$place/data" --socket="$place/run/socket" \
    --pid-file="$place/run/pid" --bind-address=127.0.0.1 --port="$sql" --innodb-buffer-pool-size=64M
until_works mariadb --no-defaults --socket="$place/run/socket" \
    -e "create database slurm; grant all on slurm.* to slurm@127.0.0.1 identified by '$password'"

cat >"$place/slurmdbd.conf" <<END
AuthType=auth/munge
AuthInfo=socket=$place/munge/socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$dbd
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$sql
StorageUser=slurm
StoragePass=$password
StorageLoc=slurm
LogFile=$place/dbd.log
PidFile=$place/run/dbd.pid
END
chmod 600 "$place/slurmdbd.conf"
cat >"$place/slurm.conf" <<END
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld
SlurmdPort=$d
SlurmUser=root
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket=$place/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/run/ctld.pid
SlurmdPidFile=$place/run/d.pid
SlurmctldLogFile=$place/ctld.log
SlurmdLogFile=$place/d.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MinJobAge=600
KillWait=60
ReturnToService=2
JobRequeue=1
MpiDefault=none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$dbd
AccountingStoragePass=$place/munge/socket
JobAcctGatherType=jobacct_gather/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES PriorityTier=1 GraceTime=60 MaxTime=INFINITE
PartitionName=urgent Nodes=$host PriorityTier=10 MaxTime=INFINITE
END
export SLURM_CONF=$place/slurm.conf
run slurmdbd slurmdbd -D
until_works sacctmgr -i add cluster lab
run slurmctld slurmctld -D -f "$SLURM_CONF"
run slurmd slurmd -D -f "$SLURM_CONF" -N "$host"
until_works bash -c "sinfo -h -o %t | grep -q idle"
sinfo
if (($#)); then "$@"; else pytest -n 0 -m slurm; fi
