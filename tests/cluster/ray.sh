#!/usr/bin/env bash
# bash tests/cluster/ray.sh [COMMAND...]: runs a command (default: the tests marked `ray`) where Ray can
# be started: in a network namespace of its own that has only the loopback interface. Ray listens on all
# interfaces, whatever its options say.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
trap 'rm -rf "$place"' EXIT
needs ray ray

if (($# == 0)); then set -- pytest -n 0 -m ray; fi
export RAY_USAGE_STATS_ENABLED=0 DROPOUT_STUDY_RAY=1
namespace=(unshare --net)
if [[ $(id -u) != 0 ]]; then namespace=(unshare --map-root-user --net); fi
"${namespace[@]}" bash -c 'ip link set lo up && exec "$@"' ray "$@"
