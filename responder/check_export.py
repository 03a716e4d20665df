"""核验导出的事件 (check an exported incident): 只用 Python 标准库，不需要舆情台和数据库。

用法: python check_export.py 文件夹或压缩包 [以前抄下的链值]
Needs nothing but this file. Exit status: 0 whole, 1 changed or not to be read.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFEST = "manifest.sha256"
GENESIS = "sha256:" + "0" * 64
_IGNORED = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what file managers leave in folders


class Unreadable(ValueError):  # noqa: N818 - a finding, told as it is
    """What can't be read and where, a sentence in Chinese."""


def sha256(data: bytes) -> str:
    """The hash as links and lists name it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def canonical(value: object) -> bytes:
    """The one JSON form that is hashed: UTF-8, keys sorted, no spaces."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def manifest(files: dict[str, bytes]) -> bytes:
    """The list of files, in the form of ``sha256sum``."""
    names = sorted(name for name in files if name != MANIFEST)
    return "".join(f"{sha256(files[name])[7:]}  {name}\n" for name in names).encode()


def pack(files: dict[str, bytes]) -> bytes:
    """The files as a zip archive, the same bytes for the same files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)  # dated 1980-01-01
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, files[name])
    return target.getvalue()


def read(path: Path) -> dict[str, bytes]:
    """The files of a folder or an archive. Raises Unreadable, OSError."""
    if path.is_dir():
        found = {
            file.relative_to(path).as_posix(): file.read_bytes()
            for file in sorted(path.rglob("*"))
            if file.is_file() and file.name not in _IGNORED
        }
    else:
        data = path.read_bytes()
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
                    raise Unreadable("压缩包不是舆情台导出的原件（被重新压缩过）")
                found = {name: archive.read(name) for name in archive.namelist()}
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise Unreadable("不是压缩包，或已损坏、被改动过，打不开") from error
        if pack(found) != data:
            raise Unreadable("压缩包被改动过：内容以外的字节与导出时不同")
    if MANIFEST not in found:
        raise Unreadable(f"里面没有 {MANIFEST}，不是舆情台导出的事件")
    return found


def check(path: Path, head: str = "") -> tuple[list[str], list[str]]:
    """(what was found, what is broken), sentences in Chinese; the first break comes first."""
    try:
        files = read(path)
        lines = [_line(*row) for row in enumerate(files["entries.jsonl"].split(b"\n")[:-1], 1)]
        incident = _incident(files["incident.json"])
        broken = [*_entries(lines, incident), *_files(files)]
        said = [] if broken else list(_said(files, lines, incident))
    except KeyError as error:
        return [], [f"缺少“{error.args[0]}”，导出不完整或被改动过"]
    except OSError:
        return [], [f"{path} 打不开：没有这个文件夹或压缩包，或没有读取权限"]
    except Unreadable as error:
        return [], [str(error)]
    except Exception:  # noqa: BLE001 - whatever a changed byte makes of the form
        return [], ["incident.json 或记录的写法与导出时不同，读不出来：已损坏或被改动过"]
    if head and not broken:
        if head in {line["hash"] for line in lines}:
            return [*said, f"链中仍有 {head}：那之前的记录没有被改写"], []
        broken = [f"链中没有 {head}：那之后的记录被改写过，或它不属于这个事件"]
    return said, broken


def _said(files: dict[str, bytes], lines: list[Any], incident: Any) -> Iterator[str]:
    count = f"{len(lines)} 条记录，{len(files) - 1} 个文件"
    head = f"{incident['exported_at']} 导出：{count}，链头 {incident['head']}"
    yield f"事件 {incident['id']}，{head}"
    for line in lines:
        if act := line["erased"]:
            second = f"、{act['second']}" if act["second"] else ""
            signed = f"依据 {act['clause']}，{act['signer']}{second} 签发，{act['at']}"
            number = line["header"]["seq"]
            yield f"第 {number} 条记录的内容已依法销毁：{act['reason']}（{signed}）"
    for act in incident["posts_erased"]:
        yield f"帖文 {act['post']} 已依法销毁：{act['reason']}（{act['signer']} 签发）"


def _incident(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise Unreadable("incident.json 不是合法的 JSON：已损坏或被改动过") from error


def _line(number: int, line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        place = f"第 {number} 条记录（entries.jsonl 第 {number} 行）"
        raise Unreadable(f"{place}不是合法的 JSON：已损坏或被改动过") from error


def _entries(lines: list[Any], incident: Any) -> Iterator[str]:
    previous = GENESIS
    for number, line in enumerate(lines, 1):
        which = (
            f"第 {number} 条记录（{line['header']['type']}，{line['header']['written_at']} 记入）"
        )
        covered = {"body": line["body_hash"], "header": line["header"], "prev": line["prev"]}
        if line["header"]["seq"] != number:
            yield f"第 {number} 条记录不见了，或次序被改动过"
        if line["prev"] != previous:
            yield f"{which}与前一条接不上，其中一条被改动过"
        if sha256(canonical(covered)) != line["hash"]:
            yield f"{which}的时间、人员、种类或链值被改动过"
        if line["body"] is None:
            if not line["erased"]:
                yield f"{which}的内容不见了，又没有写明依法销毁的依据和签发人"
        else:
            salt = bytes.fromhex(line["salt"])
            body = line["body"].encode("utf-8", "surrogatepass")
            if sha256(len(salt).to_bytes(4, "big") + salt + body) != line["body_hash"]:
                yield f"{which}的内容被改动过"
        previous = line["hash"]
    if (len(lines), previous) != (incident["count"], incident["head"]):
        yield f"记录共 {len(lines)} 条，与链头不符：末尾被截去或改动过"


def _files(files: dict[str, bytes]) -> Iterator[str]:
    rows = [row.split("  ", 1) for row in files[MANIFEST].decode().splitlines()]
    listed = {row[-1]: row[0] for row in rows}
    whole = True
    for name in sorted({*listed, *files} - {MANIFEST}):
        if name not in files:
            yield f"文件 {name} 不见了"
        elif name not in listed:
            yield f"文件 {name} 不在清单上，是后来放进去的"
        elif listed[name] != sha256(files[name])[7:]:
            yield f"文件 {name} 与清单不符，被改动过"
        else:
            continue
        whole = False
    if whole and files[MANIFEST] != manifest(files):
        yield f"清单 {MANIFEST} 的写法与导出时不同，被改动过"


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004 - the program and its argument
        sys.exit(__doc__)
    found, broken = check(Path(sys.argv[1]), *sys.argv[2:3])
    for sentence in [f"✓ {one}" for one in found if not broken] + [f"✗ {one}" for one in broken]:
        print(sentence)  # noqa: T201 - it is a program
    sys.exit(1 if broken else 0)
