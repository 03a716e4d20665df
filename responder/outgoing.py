"""One HTTP request out: to an admitted address, without redirects, ended at its deadline (外发).

The name is resolved here, each address is judged, the connection goes to one that was admitted.
``timeout_s`` bounds the whole request: a receiver that trickles byte by byte gains nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from registry.addresses import Admitted
from responder.guarding import MOST_BYTES, Answer
from responder.notify import NotifyError, not_admitted

_PORTS = {"http": 80, "https": 443}
_GOOD = range(200, 300)
# Not the message is wrong, but the address, the key, the clock or the moment: that can be mended.
_TRY_AGAIN = (401, 403, 404, 405, 407, 408, 409, 421, 423, 425, 429)
_SERVER_FAULT = 500


def request(
    url: str,
    *,
    method: str = "POST",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    allowed: Admitted,
    timeout_s: float = 10.0,
) -> Answer:
    """Send it and return a 2xx answer. Raises NotifyError, which never quotes the address."""
    parts, port = _parts(url)
    until = time.monotonic() + timeout_s
    connection = _connect(parts, port, allowed, until)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # Each read has its own time limit, all of them together this one.
    late = threading.Timer(max(0.01, until - time.monotonic()), _cut, args=(connection.sock,))
    late.daemon = True
    late.start()
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        status, said = answer.status, answer.read(MOST_BYTES)
    except (TimeoutError, ssl.SSLError) as error:
        raise NotifyError(f"接收方没有在 {timeout_s:g} 秒内答复") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= until:
            raise NotifyError(f"接收方没有在 {timeout_s:g} 秒内答完") from error
        raise NotifyError(f"与接收方的连接中断（{type(error).__name__}）") from error
    finally:
        late.cancel()
        connection.close()
    if time.monotonic() >= until:
        raise NotifyError(f"接收方没有在 {timeout_s:g} 秒内答完")
    if status not in _GOOD:
        again = status >= _SERVER_FAULT or status in _TRY_AGAIN
        raise NotifyError(f"接收方答复 HTTP {status}，没有收下", retry=again, answered=True)
    return Answer(status, said)


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotifyError("接收地址写法不对，请检查设置", retry=False) from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise NotifyError("接收地址应以 http:// 或 https:// 开头", retry=False)
    return parts, port or _PORTS[parts.scheme]


def _connect(
    parts: SplitResult, port: int, allowed: Admitted, until: float
) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotifyError(f"找不到主机 {host}，请检查地址和网络") from error
    addresses = allowed.of(host, port, dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise NotifyError(not_admitted(host), retry=False)
    left = max(0.01, until - time.monotonic())
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=left)
    try:
        raw = socket.create_connection((addresses[0], port), timeout=left)
        # Head and body go out as two pieces: together they wait for no acknowledgement (40 ms).
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sock = (
                ssl.create_default_context().wrap_socket(raw, server_hostname=host)
                if parts.scheme == "https"
                else raw
            )
        except BaseException:
            raw.close()
            raise
    except ssl.SSLError as error:
        raise NotifyError(f"{host} 的证书不可信或加密连接失败") from error
    except OSError as error:
        raise NotifyError(f"连不上接收方 {host}（{type(error).__name__}）") from error
    return connection


def _cut(sock: socket.socket | None) -> None:
    if sock is None:
        return
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
