"""What a file is that is no page: a feed, a sitemap, data, a document, a picture, or noise."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

import msgspec

_SIGNATURES: Final = (
    (b"%PDF-", "PDF 文档"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Office 或 WPS 文档（doc、xls、ppt、wps）"),
    (b"{\\rtf", "RTF 文档"),
    (b"\x89PNG\r\n", "图片（PNG）"),
    (b"\xff\xd8\xff", "图片（JPEG）"),
    (b"GIF87a", "图片（GIF）"),
    (b"GIF89a", "图片（GIF）"),
    (b"II*\x00", "图片（TIFF）"),
    (b"MM\x00*", "图片（TIFF）"),
    (b"\x00\x00\x01\x00", "图标（ICO）"),
    (b"\x1f\x8b", "压缩文件（gzip）"),
    (b"BZh", "压缩文件（bzip2）"),
    (b"\xfd7zXZ\x00", "压缩文件（xz）"),
    (b"\x28\xb5\x2f\xfd", "压缩文件（zstd）"),
    (b"7z\xbc\xaf\x27\x1c", "压缩文件（7z）"),
    (b"Rar!\x1a\x07", "压缩文件（RAR）"),
    (b"ID3", "音频（MP3）"),
    (b"OggS", "音频或视频（Ogg）"),
    (b"\x1aE\xdf\xa3", "视频（MKV、WebM）"),
    (b"FLV\x01", "视频（FLV）"),
    (b"SQLite format 3\x00", "数据库文件（SQLite）"),
    (b"\x7fELF", "程序文件"),
)
_MARKED_TEXT: Final = frozenset((b"ID3", b"BZh"))  # also a text may begin with these letters
_OFFICE: Final = (
    ("word/", "Word 文档（docx）"),
    ("xl/", "Excel 表格（xlsx）"),
    ("ppt/", "演示文稿（pptx）"),
    ("OFD.xml", "OFD 版式文档"),
    ("META-INF/container.xml", "电子书（EPUB）"),
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_PAGE: Final = re.compile(
    r"<(?:!doctype\s+html|html|head|body|title|div|p|table|br|span|h[1-6]|a|li)\b", re.IGNORECASE
)
# What may stand before the root. The groups are atomic: a crafted prolog is read once, not retried.
_XML_ROOT: Final = re.compile(
    r"\s*+(?:(?>(?:<\?[^>]{0,500}\?>|<!--.{0,5000}?-->|"
    r"<!DOCTYPE[^>\[]{0,500}(?:\[[^\]]{0,5000}\])?\s{0,9}>)\s*+)){0,20}+"
    r"<(?:[\w-]{1,40}:)?(?P<root>[A-Za-z][\w.-]{0,60})",
    re.DOTALL | re.IGNORECASE,
)
_ROOTS: Final = {
    "rss": "订阅文件（RSS）",
    "feed": "订阅文件（Atom）",
    "rdf": "订阅文件（RSS 1.0）",
    "channel": "订阅文件（RSS）",
    "urlset": "网站地图（sitemap）",
    "sitemapindex": "网站地图（sitemap）",
    "opml": "订阅列表（OPML）",
    "svg": "图片（SVG）",
    "wml": "",
    "html": "",
}
_HEAD: Final = 16_384
_JSON_MOST: Final = 4_000_000
_OF_FEED: Final = "，不是网页：请作为 feed 信源抓取"
_OF_MAP: Final = "，不是网页：请作为 sitemap 信源抓取"
_OF_DATA: Final = "，不是网页：没有正文可抽取；若要导入其中的数据，请用 yuqing ingest"
_OF_FILE: Final = "，不是网页：没有正文可抽取，请核对文件或网址"


def not_a_page(data: bytes) -> str | None:
    """Why bytes are no page by their beginning alone, in Chinese; None where they may be one."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature) and not (
            signature in _MARKED_TEXT and _CONTROL.search(data[:_HEAD]) is None
        ):
            return f"这是{name}{_OF_FILE}"
    if data.startswith(b"PK\x03\x04"):
        return f"这是{_packed(data)}{_OF_FILE}"
    if data[4:8] == b"ftyp":
        return f"这是视频（MP4）或图片（HEIF）{_OF_FILE}"
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return f"这是图片、音频或视频（{data[8:12].decode().strip()}）{_OF_FILE}"
    return None


def noise(data: bytes, text: str, encoding: str) -> str | None:
    """Why decoded bytes are no text; None where they are. Strays in a real page are no reason."""
    head = data[:_HEAD]
    paged = _PAGE.search(text[:_HEAD]) is not None
    if not encoding.startswith(("utf-16", "utf-32")):
        controls = len(_CONTROL.findall(head))
        if controls * (10 if paged else 50) > len(head):
            return f"这是二进制数据，认不出是什么文件{_OF_FILE}"
    sample = text[:_HEAD]
    if not paged and sample.count("\ufffd") * 10 > len(sample):
        return "这个文件的文字解不出来：编码认不出，或文件已损坏；请核对文件或网址"
    return None


def data_file(text: str) -> str | None:
    """Why text is data for programs (JSON, a feed, a sitemap), in Chinese; None where it is not."""
    text = text.lstrip("\ufeff \t\r\n")
    if text[:1] in ("{", "["):
        return _json(text)
    match = _XML_ROOT.match(text[:_HEAD])
    if match is None:
        return None
    root = match["root"].lower()
    name = _ROOTS.get(root)
    if name:
        remedy = _OF_FEED if "订阅文件" in name else _OF_MAP if "地图" in name else _OF_FILE
        return f"这是{name}{remedy}"
    if name is None and text.startswith("<?xml") and _PAGE.search(text[:200_000]) is None:
        return f"这是 XML 数据（根元素 {root}）{_OF_DATA}"
    return None


def _json(text: str) -> str | None:
    if len(text) > _JSON_MOST:
        return f"这是 JSON 数据{_OF_DATA}" if re.match(r"[\[{]\s*[\"{\[]", text) else None
    try:
        body = msgspec.json.decode(text, type=dict[str, msgspec.Raw] | list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        lines = text.split("\n", 2)
        if len(lines) > 1 and _is_object(lines[0]) and _is_object(lines[1]):
            return f"这是 JSON Lines 数据{_OF_DATA}"
        return None
    version = bytes(body["version"]) if isinstance(body, dict) and "version" in body else b""
    if isinstance(body, dict) and "items" in body and (b"jsonfeed" in version or "title" in body):
        return f"这是订阅文件（JSON Feed）{_OF_FEED}"
    return f"这是 JSON 数据{_OF_DATA}"


def _is_object(line: str) -> bool:
    try:
        msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return True


def _packed(data: bytes) -> str:
    """What a ZIP archive holds by the names in it; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()[:200]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return "压缩文件（ZIP，已损坏或不完整）"
    for part, name in _OFFICE:
        if any(each.startswith(part) for each in names):
            return name
    return "压缩文件（ZIP）"
