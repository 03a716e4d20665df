#!/bin/sh
# Makes the offline bundle: wheels of the hashed lock and of this project, an installer, checksums.
# Usage: bundle.sh OUT [ARCH ...]    from the top of the tree; ARCH: x86_64 aarch64 (default: both)
# PYTHON names the interpreter that downloads; the bundle is for its version of Python.
set -eu
out=$1
shift
[ $# -gt 0 ] || set -- x86_64 aarch64
python=${PYTHON:-python3}
lock=requirements/run.txt
here=$(dirname "$0")
export PIP_DISABLE_PIP_VERSION_CHECK=1
# One date for all that is built, so that the same tree makes the same files.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)
export SOURCE_DATE_EPOCH

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
abi=cp$(echo "$version" | tr -d .)
rm -rf "$out"
mkdir -p "$out/wheels"

for arch in "$@"; do
    platforms="--platform manylinux2014_$arch --platform linux_$arch"
    # glibc 2.28 is what the servers in use have (Kylin V10, openEuler, Debian 10 and newer).
    for glibc in 28 27 26 25 24 23 22 21 20 19 18 17 12 5; do
        platforms="$platforms --platform manylinux_2_${glibc}_$arch"
    done
    # shellcheck disable=SC2086 # the list is meant to be split
    "$python" -m pip download --quiet --no-deps --require-hashes --prefer-binary -r "$lock" \
        $platforms --python-version "$version" --implementation cp --abi "$abi" --abi abi3 \
        --abi none --dest "$out/wheels"
done

# What exists as source only is built here; the machine without internet needs no build tools.
for source in "$out"/wheels/*.tar.gz "$out"/wheels/*.zip; do
    [ -e "$source" ] || continue
    "$python" -m pip wheel --quiet --no-deps --wheel-dir "$out/built" "$source"
    rm "$source"
done
"$python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$out/built" .
for wheel in "$out"/built/*.whl; do
    case $wheel in
    *-none-any.whl) mv "$wheel" "$out/wheels/" ;;
    *)
        echo "打包失败：$(basename "$wheel") 只能在本机架构上用，没有各架构通用的轮子。" >&2
        exit 1
        ;;
    esac
done
rmdir "$out/built"

# Name and version of each wheel with the hashes of its files: pip takes nothing else.
(
    cd "$out/wheels"
    sha256sum -- *.whl | awk '
        { split($2, part, "-"); key = part[1] "==" part[2]
          hashes[key] = hashes[key] " --hash=sha256:" $1 }
        END { for (key in hashes) print key hashes[key] }' | LC_ALL=C sort
) >"$out/requirements.txt"
wanted=$(for arch in "$@"; do echo "$arch"; done | sort | tr '\n' ' ')
printf 'python=%s\narch=%s\n' "$version" "${wanted% }" >"$out/bundle.env"

cp "$here/offline/install.sh" "$here/offline/说明.txt" "$out/"
mkdir "$out/deploy" "$out/docs"
cp -R "$here/systemd" "$here/prometheus" "$here/yuqing.toml.example" "$out/deploy/"
cp docs/*.md "$out/docs/"
(cd "$out" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs -d '\n' sha256sum >SHA256SUMS)
echo "离线包：$out，$(find "$out/wheels" -name '*.whl' | wc -l) 个轮子，$(du -sm "$out" | cut -f1) MB，Python $version，${wanted% }"
