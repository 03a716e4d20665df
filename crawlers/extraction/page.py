"""A page as a list of lines in reading order, each with what it takes to judge it.

The parser is libxml2's with its own limits on; what is no text for a reader (scripts, forms,
hidden parts, comments) is left out. All walks are iterative, so depth costs no stack.
"""

from __future__ import annotations

import re
from typing import Final

import lxml.html
from lxml import etree

from crawlers.bounds import MAX_DEPTH, MAX_ELEMENTS, MAX_PAGE_BYTES

_SILENT: Final = frozenset(
    """
    script style noscript select option textarea button iframe object
    embed applet svg math template head title map audio video
    canvas datalist input marquee
    """.split()  # noqa: SIM905  # a list that is read as words
)
_INLINE: Final = frozenset(
    """
    a abbr acronym b bdi bdo big cite code dfn em font i
    img ins del kbd label mark nobr q s samp small span
    strike strong sub sup time tt u var wbr
    """.split()  # noqa: SIM905  # a list that is read as words
)
_HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4"))
_HIDDEN: Final = re.compile(r"display\s{0,3}:\s{0,3}none", re.IGNORECASE)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_STYLING: Final = re.compile(
    r"</?(?:font|b|i|u|em|strong|span|big|small|center|o:p|st1:\w{1,20})\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_OTHER_TAGS: Final = re.compile(
    r"(?:<(?!/?(?:a|p|h[1-6]|title|script|style|meta|head)\b)[a-z/!][^<>]{0,2000}>\s{0,9})+",
    re.IGNORECASE,
)
_SPACE: Final = re.compile(r"[\s\u3000\xa0\u2000-\u200f\u2028-\u202f\ufeff]+")


class Line:
    """One line of a page: what stands between two block borders or line breaks.

    ``text`` has its spaces collapsed; ``linked`` counts the characters inside links;
    ``parts`` are its text nodes, each with whether it is inside a link;
    ``node`` is the block element that holds it; ``heading`` is h1 to h4 or an empty string;
    ``labels`` are the class names and ids around it, in lower case, up to three levels.
    """

    __slots__ = ("heading", "index", "labels", "linked", "node", "parts", "text")

    def __init__(self, index: int, node: etree._Element, heading: str) -> None:
        self.index = index
        self.node = node
        self.heading = heading
        self.parts: list[tuple[str, bool]] = []
        self.text = ""
        self.linked = 0
        self.labels = ""


class Page:
    """A parsed document and its lines."""

    def __init__(self, root: etree._Element, lines: list[Line]) -> None:
        self.root = root
        self.lines = lines


def squeeze(text: str) -> str:
    """The text with runs of any white space (also full-width) made one space, ends trimmed."""
    return _SPACE.sub(" ", text).strip()


def parse(text: str) -> etree._Element | None:
    """The document's root, or None where there is no markup to find. Never raises.

    The parser stops where elements nest too deep, as in pages that never close their ``font``:
    such a page is read again without its styling, then without its frame.
    """
    text = _CONTROL.sub(" ", text[:MAX_PAGE_BYTES])
    root, deep = _parse(text)
    if deep:
        root, deep = _parse(_STYLING.sub("", text))
    if deep:
        root, deep = _parse(_OTHER_TAGS.sub("<br>", text))
    return root


def _parse(text: str) -> tuple[etree._Element | None, bool]:
    """The root, and whether the parser gave up because of the depth."""
    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        root = lxml.html.document_fromstring(text.encode(), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        root = None
    deep = any("depth" in entry.message for entry in list(parser.error_log)[-3:])
    return root, deep


def read(root: etree._Element) -> Page:
    """Walk the document once and cut it into lines."""
    return Page(root, _Reader().run(root))


class _Reader:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.line: Line | None = None
        self.blocks: list[etree._Element] = []
        self.links = 0
        self.headings: list[str] = []

    def run(self, root: etree._Element) -> list[Line]:
        self.blocks.append(root)  # also an inline element, if it was selected, holds its text
        walk = etree.iterwalk(root, events=("start", "end"))
        elements = 0
        for event, node in walk:
            tag = node.tag if isinstance(node.tag, str) else ""
            if event == "start":
                elements += 1
                if elements > MAX_ELEMENTS:
                    break
                if self._silent(node, tag) or len(self.blocks) > MAX_DEPTH:
                    walk.skip_subtree()
                    continue
                self._open(node, tag)
            else:
                if not self._silent(node, tag):
                    self._close(node, tag)
                if node.tail and node is not root:
                    self._add(node.tail)
        self._break()
        return self.lines

    @staticmethod
    def _silent(node: etree._Element, tag: str) -> bool:
        if not tag or tag in _SILENT:
            return True
        style = node.get("style")
        return style is not None and _HIDDEN.search(style[:500]) is not None

    def _open(self, node: etree._Element, tag: str) -> None:
        if tag == "br":
            self._break()
        elif tag not in _INLINE:
            self._break()
            self.blocks.append(node)
        if tag == "a":
            self.links += 1
        if tag in _HEADINGS:
            self.headings.append(tag)
        if node.text:
            self._add(node.text)

    def _close(self, node: etree._Element, tag: str) -> None:
        if tag not in _INLINE and tag != "br":
            self._break()
            if self.blocks and self.blocks[-1] is node:
                self.blocks.pop()
        if tag == "a":
            self.links = max(self.links - 1, 0)
        if tag in _HEADINGS and self.headings:
            self.headings.pop()

    def _add(self, text: str) -> None:
        if not self.blocks:
            return
        if self.line is None:
            if not text.strip():
                return
            heading = self.headings[-1] if self.headings else ""
            self.line = Line(len(self.lines), self.blocks[-1], heading)
        self.line.parts.append((text, self.links > 0))
        if self.links:
            self.line.linked += len(squeeze(text))

    def _break(self) -> None:
        line, self.line = self.line, None
        if line is None:
            return
        line.text = squeeze(_joined(line.parts))
        if not line.text:
            return
        line.labels = _labels(line.node)
        self.lines.append(line)


def _joined(parts: list[tuple[str, bool]]) -> str:
    """The text nodes of a line; figures in elements of their own, such as a date's, stay apart."""
    texts: list[str] = []
    for text, _ in parts:
        if texts and text[:1].isdigit() and texts[-1][-1:].isdigit():
            texts.append(" ")
        texts.append(text)
    return "".join(texts)


def _labels(node: etree._Element | None) -> str:
    names: list[str] = []
    for _ in range(3):
        if node is None or node.tag == "body":
            break
        names += [str(node.get(key) or "")[:80] for key in ("class", "id")]
        node = node.getparent()
    return " ".join(name for name in names if name).lower()
