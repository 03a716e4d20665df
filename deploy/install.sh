#!/bin/sh
# Makes a virtual environment and installs a hashed lock file and this project into it.
# Usage: install.sh VENV LOCKFILE    (PYTHON names the interpreter, default python3)
set -eu
venv=$1
lock=$2
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "需要 Python 3.11 或更新版本；当前 ${python}：$("$python" --version 2>&1 || echo 未找到)。可用 make PYTHON=/路径/python3.12 指定。" >&2
    exit 1
}
if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
    uv pip install --quiet --python "$venv/bin/python" --require-hashes --compile-bytecode -r "$lock"
    uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e .
else
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || {
        echo "无法建立虚拟环境。Debian / Ubuntu 请先安装 python3-venv。" >&2
        exit 1
    }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
# Bytecode now, so that the first start is as quick as the others.
"$venv/bin/python" -m compileall -q posts registry crawlers analyzer responder api yuqing
