"""Signed webhooks (签名回调): who receives one can tell that it is ours, whole, and fresh.

HMAC-SHA256 over ``timestamp + "." + body`` with the shared secret. docs/webhooks.md has the
receiver's side, which a test runs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from registry.addresses import Admitted
from responder import outgoing
from responder.notify import Notice

TIMESTAMP, SIGNATURE, KEY = "X-Yuqing-Timestamp", "X-Yuqing-Signature", "Idempotency-Key"
WINDOW = timedelta(minutes=5)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What stands in ``X-Yuqing-Signature``."""
    mac = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def is_genuine(secret: bytes, timestamp: str, body: bytes, given: str, *, now: datetime) -> bool:
    """Whether the signature fits and the timestamp (Unix seconds) is within five minutes."""
    try:
        age = abs(now.timestamp() - int(timestamp))
    except ValueError:
        return False
    if age > WINDOW.total_seconds():
        return False
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode())


def signed_headers(secret: bytes, body: bytes, *, key: str, now: datetime) -> dict[str, str]:
    """The headers of a signed request."""
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "YuqingDesk",
        TIMESTAMP: timestamp,
        SIGNATURE: signature(secret, timestamp, body),
        KEY: key,
    }


class WebhookNotifier:
    """POSTs a notice as JSON: key, keys, title, text, items."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        secret: bytes,
        clock: Callable[[], datetime],
        allowed: Admitted,
        timeout_s: float = 10.0,
    ) -> None:
        self.name = name
        self._url = url
        self._secret = secret
        self._clock = clock
        self._allowed = allowed
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> str:
        """Send. Raises NotifyError."""
        body = encoded({
            "key": notice.key,
            "keys": list(notice.keys) or [notice.key],
            "title": notice.title,
            "text": notice.text,
            "items": list(notice.payloads),
        })  # fmt: skip
        answer = outgoing.request(
            self._url,
            body=body,
            headers=signed_headers(self._secret, body, key=notice.key, now=self._clock()),
            allowed=self._allowed,
            timeout_s=self._timeout_s,
        )
        return f"接收方答复 HTTP {answer.status}"


def encoded(value: dict[str, Any]) -> bytes:
    """The JSON that is signed and sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
