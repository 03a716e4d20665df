"""Short messages through the unit's SMS platform (短信): a signed HTTP interface with templates.

Platforms differ in names only, so the names are settings. Numbers come from the settings, go into
the request, and nowhere else: not into a log, an error or the outbox.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.addresses import Admitted
from responder import outgoing
from responder.notify import Notice, NotifyError
from responder.webhook import encoded, signed_headers

#: The names of the fields in the request, as settings may rename them.
FIELDS = {
    "phones": "phones",
    "template": "template_id",
    "params": "params",
    "sign": "sign_name",
    "key": "out_id",
    "title": "title",
    "text": "text",
}


#: Kinds of notices that may have a template of their own.
KINDS = ("alert", "reminder", "escalation", "duty", "handover", "digest", "clock", "test")


class SmsNotifier:
    """POSTs template, parameters and numbers as JSON, signed like a webhook.

    ``templates`` are those of single kinds of notices, see :data:`KINDS`; ``template`` is for all
    others.

    ``ok`` (field, value) says what a good answer has in it; a 2xx alone is enough without it.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        phones: Sequence[str],
        template: str,
        templates: Mapping[str, str] | None = None,
        secret: bytes,
        clock: Callable[[], datetime],
        allowed: Admitted,
        sign: str = "",
        fields: Mapping[str, str] | None = None,
        ok: tuple[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self.name = name
        self._url = url
        self._phones = list(phones)
        self._template = template
        self._templates = dict(templates or {})
        self._secret = secret
        self._clock = clock
        self._allowed = allowed
        self._sign = sign
        self._fields = {**FIELDS, **(fields or {})}
        self._ok = ok
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> str:
        """Send to all numbers at once. Raises NotifyError."""
        names = self._fields
        body = encoded({
            names["phones"]: self._phones,
            names["template"]: self._template_of(notice),
            names["sign"]: self._sign,
            names["key"]: notice.key,
            names["params"]: {names["title"]: notice.title, names["text"]: notice.text},
        })  # fmt: skip
        answer = outgoing.request(
            self._url,
            body=body,
            headers=signed_headers(self._secret, body, key=notice.key, now=self._clock()),
            allowed=self._allowed,
            timeout_s=self._timeout_s,
        )
        if self._ok is not None:
            self._judge(answer.body, *self._ok)
        return f"短信平台已收下，{len(self._phones)} 个号码"

    def _template_of(self, notice: Notice) -> str:
        """That of its kind; the general one where several kinds were bundled."""
        kinds = {_kind(key) for key in notice.keys or (notice.key,)}
        return (
            self._templates.get(kinds.pop(), self._template)
            if len(kinds) == 1
            else (self._template)
        )

    def _judge(self, body: bytes, field: str, value: str) -> None:
        try:
            said: Any = json.loads(body)
        except ValueError as error:
            raise NotifyError("短信平台的答复读不懂（不是 JSON）", answered=True) from error
        found = said.get(field) if isinstance(said, dict) else None
        if str(found) != value:
            # What it says instead may quote a number: only its code is kept, where it is short.
            code = str(found) if isinstance(found, str | int) and len(str(found)) <= 8 else "不明"  # noqa: PLR2004
            raise NotifyError(f"短信平台没有收下（{field}：{code}）", answered=True)


def _kind(key: str) -> str:
    """The kind of a notice by its key; reminders begin with the number of their incident."""
    first = key.partition(":")[0]
    return "reminder" if first.isdigit() else first
