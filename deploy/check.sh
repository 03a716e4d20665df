#!/bin/sh
# Checks the files of deploy/ that can be checked without running them. Part of `make check`.
# Usage: check.sh BIN    (the folder with hadolint and check-jsonschema)
set -eu
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")"

"$bin/hadolint" --failure-threshold info Containerfile
"$bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec compose.yaml
for script in *.sh offline/*.sh elasticsearch/*.sh; do
    sh -n "$script"
done

if ! command -v systemd-analyze >/dev/null; then
    echo "not tried: systemd units (systemd-analyze is not installed)" >&2
    exit 0
fi
# The program is not installed here; everything else of the units is looked at as it stands.
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
for unit in systemd/*.service systemd/*.timer; do
    [ -e "$unit" ] || continue
    sed 's#/opt/yuqing/bin/yuqing#/bin/true#' "$unit" >"$units/$(basename "$unit")"
done
found=$(cd "$units" && systemd-analyze verify ./* 2>&1) || {
    echo "$found" >&2
    exit 1
}
if [ -n "$found" ]; then # what systemd only ignores is a slip of ours as well
    echo "$found" >&2
    exit 1
fi
for unit in "$units"/*.service; do
    # Exposure in tenths, from 0 (sealed) to 100.
    systemd-analyze security --offline=true --no-pager --threshold=20 "$unit" >/dev/null || {
        echo "deploy/systemd/$(basename "$unit"): exposure above 2.0, see systemd-analyze security" >&2
        exit 1
    }
done
