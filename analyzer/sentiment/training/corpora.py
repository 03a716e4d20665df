"""What training reads: files told apart by their fields, with a hash of each for the card.

- TSV with a heading ``text``, ``polarity`` (-1, 0, 1), perhaps ``emotion``: labelled posts; the
  first such file is the own domain
- TSV without a heading, day and text: posts without labels
- JSON Lines ``text`` with ``polarity`` or ``appeal`` (0, 1): labels, such as corrections
- JSON Lines ``title``, ``text``, perhaps ``reply``: petitions and official replies
- JSON Lines ``text``, ``spans``: sentences of news
- JSON Lines ``text`` with ``event`` (a headline) or ``offsets``: posts without labels

Each may be packed with gzip.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from posts.errors import reason_of
from registry.errors import InvalidInputError


class Labelled(Struct, frozen=True):
    """A post with its polarity (-1, 0, 1) and, where known, its emotion."""

    text: str
    polarity: int
    emotion: str
    own: bool


class Corpora(Struct):
    """Everything that was read, by what it serves for."""

    labelled: list[Labelled] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    petitions: list[tuple[str, str]] = field(default_factory=list)  # title, text
    replies: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    headlines: list[str] = field(default_factory=list)
    appeals: list[tuple[str, int]] = field(default_factory=list)  # text, 0 or 1
    sources: list[dict[str, Any]] = field(default_factory=list)


def read(files: Iterable[Path]) -> Corpora:
    """Read all files. Raises InvalidInputError, naming the file and the line."""
    corpora = Corpora()
    for file in files:
        _read(file, corpora)
    return corpora


def _read(file: Path, corpora: Corpora) -> None:
    try:
        data = file.read_bytes()
        plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        lines = [line for line in io.StringIO(plain.decode("utf-8-sig")) if line.strip()]
    except OSError as error:
        raise InvalidInputError(f"读不了 {file}：{reason_of(error)}。") from error
    except (EOFError, zlib.error) as error:
        raise InvalidInputError(f"{file} 的压缩数据不完整，请重新取得此文件。") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file} 不是 UTF-8 文本，请先转换编码。") from error
    if not lines:
        raise InvalidInputError(f"{file} 是空的。")
    take = _jsonl if lines[0].lstrip().startswith("{") else _tsv
    kind = take(file, lines, corpora)
    corpora.sources.append(
        {
            "file": file.name,
            "kind": kind,
            "rows": len(lines),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    )


def _tsv(file: Path, lines: list[str], corpora: Corpora) -> str:
    rows = [line.rstrip("\r\n").split("\t") for line in lines]
    heading = rows[0]
    if "text" not in heading:
        if min(len(row) for row in rows) < 2:  # noqa: PLR2004 - day and text
            raise InvalidInputError(f"{file} 认不出：无表头的 TSV 应有日期与正文两列。")
        corpora.unlabelled += [row[-1] for row in rows]
        return "unlabelled"
    if "polarity" not in heading:
        raise InvalidInputError(f"{file} 的表头缺少 polarity（-1、0、1）。")
    own = not corpora.labelled
    for number, row in enumerate(rows[1:], start=2):
        one = dict(zip(heading, row, strict=False))
        polarity = _polarity(file, number, one.get("polarity"))
        corpora.labelled.append(
            Labelled(one.get("text", ""), polarity, one.get("emotion", ""), own)
        )
    return "labelled, own domain" if own else "labelled"


def _jsonl(file: Path, lines: list[str], corpora: Corpora) -> str:
    kinds: dict[str, int] = {}
    for number, row in enumerate(_objects(file, lines), start=1):
        kind = _row(file, number, row, corpora)
        kinds[kind] = kinds.get(kind, 0) + 1
    return "、".join(sorted(kinds))


def _row(file: Path, number: int, row: dict[str, Any], corpora: Corpora) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise InvalidInputError(f"{file} 第 {number} 行没有 text。")
    if "polarity" in row or "appeal" in row:
        if row.get("polarity") is not None:
            polarity = _polarity(file, number, row["polarity"])
            corpora.labelled.append(Labelled(text, polarity, "", own=True))
        if row.get("appeal") is not None:
            corpora.appeals.append((text, int(bool(row["appeal"]))))
        return "labels"
    if "spans" in row:
        corpora.news.append(text)
        return "news"
    if "event" in row or "offsets" in row:
        corpora.unlabelled.append(text)
        if isinstance(row.get("event"), str):
            corpora.headlines.append(row["event"])
        return "unlabelled"
    if isinstance(row.get("title"), str):
        corpora.petitions.append((row["title"], text))
        if isinstance(row.get("reply"), str):
            corpora.replies.append(row["reply"])
        return "petitions"
    raise InvalidInputError(
        f"{file} 第 {number} 行认不出是什么数据；应有 polarity、appeal、title、spans 或 event。"
    )


def _objects(file: Path, lines: list[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"{file} 第 {number} 行不是有效的 JSON。") from error
        if not isinstance(row, dict):
            raise InvalidInputError(f"{file} 第 {number} 行应为一个 JSON 对象。")
        yield row


def _polarity(file: Path, number: int, value: object) -> int:
    try:
        polarity = int(str(value))
    except ValueError:
        polarity = 9
    if polarity not in {-1, 0, 1}:
        raise InvalidInputError(f"{file} 第 {number} 行的 polarity 是 {value}；应为 -1、0 或 1。")
    return polarity
