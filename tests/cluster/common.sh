# Sourced by the scripts beside it: what starting a private server on loopback takes.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
place=$(mktemp -d)
chmod 755 "$place" # a server that must not run as root has a directory of its own in it

install() { # PACKAGE...: as root on a Debian system; elsewhere they must be there
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >"$place/apt.log" 2>&1 ||
            { apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive \
                apt-get install -qy --no-install-recommends "$@" >"$place/apt.log" 2>&1; } ||
            echo "note: $* could not be installed: $(tail -n 1 "$place/apt.log")"
    fi
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

needs() { # MODULE EXTRA: the driver
    python -c "import $1" 2>/dev/null || pip install -q -e ".[$2]"
}
