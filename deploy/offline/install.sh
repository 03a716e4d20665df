#!/bin/sh
# 在没有互联网的机器上安装舆情台。
# 用法：sh install.sh [目录]      默认 /opt/yuqing；PYTHON=/路径/python3.11 指定解释器
set -eu
target=${1:-/opt/yuqing}
python=${PYTHON:-python3}
cd "$(dirname "$0")"

stop() {
    echo "安装没有进行：$1" >&2
    exit 1
}

command -v sha256sum >/dev/null || stop "缺少 sha256sum（coreutils），无法核对文件。"
[ -f SHA256SUMS ] || stop "缺少 SHA256SUMS，离线包不完整，请重新拷贝。"
bad=$(sha256sum --quiet --check SHA256SUMS 2>/dev/null) ||
    stop "文件与清单不符，可能拷贝时损坏或被改动，请重新拷贝整个目录：
$bad"

wanted=$(sed -n 's/^python=//p' bundle.env)
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
    stop "找不到 ${python}。请安装 Python ${wanted}，或用 PYTHON=/路径/python$wanted 指定。"
[ "$found" = "$wanted" ] ||
    stop "离线包是为 Python $wanted 准备的，$python 是 ${found}。请用 PYTHON=/路径/python$wanted 指定。"
arch=$(uname -m)
case " $(sed -n 's/^arch=//p' bundle.env) " in
*" $arch "*) ;;
*) stop "离线包不含本机架构 ${arch}，请在有互联网的机器上重新打包：make bundle。" ;;
esac

if [ ! -x "$target/bin/python" ]; then
    "$python" -m venv "$target" ||
        stop "无法在 $target 建立虚拟环境。Debian / Ubuntu 请先装 python3-venv，并检查目录权限。"
fi
PIP_CONFIG_FILE=/dev/null "$target/bin/python" -m pip install --isolated --quiet \
    --disable-pip-version-check --no-index --find-links wheels --require-hashes --no-deps \
    --no-compile -r requirements.txt || stop "pip 报错如上；已安装的部分在 ${target}，排除后可再运行一次。"
# 现在就编译，用上全部处理器；服务用户不能写这个目录，以后不会再编译。
"$target/bin/python" -m compileall -q -j 0 "$target/lib" >/dev/null 2>&1 || true
"$target/bin/yuqing" --help >/dev/null || stop "命令 $target/bin/yuqing 不能运行。"

echo "已安装：$target/bin/yuqing"
echo "试运行：$target/bin/yuqing up --demo --data yuqing-demo"
echo "长期运行：见 deploy/systemd 与 docs/deployment.zh.md"
