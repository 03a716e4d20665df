"""One JSON object a line, whatever the text in it: no log line can be forged.

``json.dumps`` escapes CR, LF, ANSI and the rest of the control characters; the separators of
Unicode that some viewers take for line ends are escaped too, since all that is not ASCII or CJK
text stays inside a JSON string.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import structlog

# Line and paragraph separators, next line, and direction marks: data, but no viewer should act on
# them. JSON allows them bare, so they are escaped by hand.
_ESCAPED = {
    code: f"\\u{code:04x}"
    for code in (
        0x7F,
        *range(0x80, 0xA0),
        0x2028,
        0x2029,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    )
}


def render(_logger: object, _name: str, event: MutableMapping[str, Any]) -> str:
    """The event as one line of JSON; what JSON has no form for is shown by ``repr``."""
    try:
        text = json.dumps(event, ensure_ascii=False, default=repr, sort_keys=False)
        text.encode()
    except (UnicodeEncodeError, ValueError, TypeError, RecursionError):
        text = json.dumps({str(k): repr(v) for k, v in event.items()}, ensure_ascii=True)
    return text.translate(_ESCAPED)


def configure(stage: str, *, stream: TextIO | None = None, level: str = "INFO") -> None:
    """Send structlog and the standard library's logging to ``stream`` as JSON lines."""
    import structlog  # a tenth of a second, which no command without a log should take

    out = stream if stream is not None else sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _stage(stage),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    # A line that can't be written (a full disk) is lost: telling it would write to the same file.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Libraries that tell every request at INFO; ours say what matters.
    for noisy in ("scrapy", "twisted", "httpx", "urllib3", "apprise", "elastic_transport"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It tells every broker that it tries to reach, for ever; the log's adapter says it once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def _stage(stage: str) -> structlog.typing.Processor:
    def add(
        _logger: object, _name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["stage"] = stage
        return event

    return add
