"""CSV files (UTF-8, UTF-16 with mark, GB18030) and XLSX workbooks, row by row."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from crawlers.imports.rows import (
    MAX_LINE_BYTES,
    BadRow,
    Row,
    UnreadableFileError,
    excerpt,
    opened,
    require_content,
    text_encoding,
)

_DELIMITERS = ",;\t|，；"
_MAX_SHEET_BYTES = 256 * 1024 * 1024
_MAX_STRINGS_BYTES = 64 * 1024 * 1024


def read_csv(path: Path) -> Iterator[Row | BadRow]:
    """The rows under the header of a CSV file. Raises UnreadableFileError."""
    csv.field_size_limit(MAX_LINE_BYTES)
    encoding = text_encoding(path)
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            yield from _csv_rows(text)
        finally:
            text.detach()


def _csv_rows(text: TextIO) -> Iterator[Row | BadRow]:
    header_line = text.readline(MAX_LINE_BYTES)
    reader = csv.reader(_lines(header_line, text), delimiter=_delimiter(header_line), strict=True)
    header: list[str] | None = None
    empty = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if header is None:
                raise UnreadableFileError(
                    "表头读不懂：引号没有配对，或一格超过 8 MB", line=1
                ) from error
            yield BadRow(line, "引号没有配对，或一格超过 8 MB")
            continue
        if not any(cell.strip() for cell in cells):
            empty = require_content(empty, line)
            continue
        empty = 0
        if header is None:
            header = _header(cells, line)
        else:
            yield _table_row(line, header, cells)


def _lines(first: str, rest: TextIO) -> Iterator[str]:
    yield first
    while line := rest.readline(MAX_LINE_BYTES):
        yield line


def _delimiter(header: str) -> str:
    counts = Counter(character for character in header if character in _DELIMITERS)
    return counts.most_common(1)[0][0] if counts else ","


def _header(cells: Sequence[Any], line: int) -> list[str]:
    names = [str(cell).strip() if cell is not None else "" for cell in cells]
    while names and not names[-1]:
        names.pop()
    twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
    if twice:
        raise UnreadableFileError(f"表头里有重名的列：{'、'.join(twice)}", line=line)
    return names


def _table_row(line: int, header: list[str], cells: Sequence[Any]) -> Row | BadRow:
    extra = [cell for cell in cells[len(header) :] if cell not in (None, "")]
    if extra:
        return BadRow(
            line,
            f"这一行有 {len(cells)} 列，表头只有 {len(header)} 列，多半是引号或分隔符有误",
            [excerpt(cell, 500) for cell in cells],
        )
    filled = [*cells[: len(header)], *([""] * (len(header) - len(cells)))]
    return Row(line, {name: cell for name, cell in zip(header, filled, strict=True) if name})


def read_xlsx(path: Path) -> Iterator[Row | BadRow]:
    """The rows under the header of every sheet of a workbook. Raises UnreadableFileError."""
    import openpyxl

    with opened(path) as file:
        _check_size(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles that nobody here reads
            try:
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            except Exception as error:
                # openpyxl fails with whatever its parsers raise on a broken file.
                raise UnreadableFileError(
                    "不是能读的 XLSX 文件：已损坏，或是别的格式改了名。请用表格软件另存为 XLSX"
                ) from error
            try:
                yield from _sheets(book)
            except UnreadableFileError:
                raise
            except Exception as error:
                raise UnreadableFileError("XLSX 内容损坏。请用表格软件打开后另存为 XLSX") from error
            finally:
                book.close()


def _check_size(file: Any) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(
            "不是 XLSX 文件（旧版 .xls 请在表格软件里另存为 .xlsx）"
        ) from error
    strings = sum(size for name, size in sizes.items() if name.endswith("sharedStrings.xml"))
    if strings > _MAX_STRINGS_BYTES or sum(sizes.values()) > _MAX_SHEET_BYTES:
        raise UnreadableFileError("XLSX 解压后过大，请拆分，或另存为 CSV 再导入")
    file.seek(0)


def _sheets(book: Any) -> Iterator[Row | BadRow]:
    for sheet in book.worksheets:
        header: list[str] | None = None
        empty = 0
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if not any(cell not in (None, "") for cell in cells):
                empty = require_content(empty, line)
                continue
            empty = 0
            if header is None:
                header = _header(cells, line)
            else:
                yield _table_row(line, header, cells)
