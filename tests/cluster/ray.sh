#!/usr/bin/env bash
# bash tests/cluster/ray.sh [COMMAND...]: runs a command (default: the tests marked `ray`) beside a Ray of
# 2 CPUs and a pretended GPU, and ends it again. Ray listens on all interfaces, whatever its options say: so
# it runs in a network namespace of its own that has only the loopback interface.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
trap 'rm -rf "$place"' EXIT
needs ray ray

if (($# == 0)); then set -- pytest -n 0 -m ray; fi
export RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=token # also for the programs that connect to it
namespace=(unshare --net)
if [[ $(id -u) != 0 ]]; then namespace=(unshare --map-root-user --net); fi
"${namespace[@]}" bash -c '
    ip link set lo up
    start() { ray start --head --node-ip-address=127.0.0.1 --num-cpus=2 --num-gpus=1 --include-dashboard=false \
        --object-store-memory=80000000 --disable-usage-stats; }
    trap "ray stop --force >/dev/null 2>&1" EXIT
    for _ in 1 2 3 4 5 6; do # Ray gives up after 30 s, too soon for a busy machine
        if start; then break; fi
        ray stop --force >/dev/null 2>&1
    done
    export RAY_ADDRESS=127.0.0.1:6379
    "$@"' ray "$@"
