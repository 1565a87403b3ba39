#!/usr/bin/env bash
# Installs what the ClickHouse tests run against, once: today's engine as a Python package into the build directory, and
# Debian's server. What cannot be had is said; the tests then say that they were skipped.
set -uo pipefail
cd "$(dirname "$0")/../.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if ! "$target/chdb/bin/python" -c 'import chdb' 2>/dev/null; then
    rm -rf "$target/chdb"
    python3 -m venv "$target/chdb" || { as_root apt-get update -q && as_root apt-get install -y -q python3-venv && python3 -m venv "$target/chdb"; }
    "$target/chdb/bin/pip" install -q 'chdb>=3' || echo "no chdb for this machine"
fi
if ! [ -x /usr/sbin/clickhouse-server ]; then
    as_root apt-get install -y -q clickhouse-server || { as_root apt-get update -q && as_root apt-get install -y -q clickhouse-server; } ||
        echo "no clickhouse-server for this machine"
fi
exit 0
