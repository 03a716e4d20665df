"""Where the console listens, and with which certificate (监听与 TLS): read, tried, explained."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posts.errors import reason_of
from registry.errors import InvalidInputError

if TYPE_CHECKING:
    from yuqing.settings import ServerSettings

_MOST_PORT = 65535


def read_listen(text: str) -> tuple[str, int]:
    """Host and port of ``0.0.0.0:8443``, ``[::]:8443``, or ``:8443`` (all addresses)."""
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = colon and port.isascii() and port.isdigit() and (bracketed or ":" not in host)
    if not plain or int(port) > _MOST_PORT:
        raise InvalidInputError(
            f"--listen {text}：应写成 地址:端口，如 0.0.0.0:8443；IPv6 地址加方括号，如 [::]:8443。"
        )
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - what the person asked for


def server_flags(
    *,
    listen: str | None = None,
    host: str | None = None,
    port: int | None = None,
    tls: Path | None = None,
    tls_key: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """The options of ``up`` and ``serve`` as the settings are nested; those not given are left."""
    if listen is not None:
        if host is not None or port is not None:
            raise InvalidInputError("--listen 已含地址和端口，不要再写 --host 或 --port。")
        host, port = read_listen(listen)
    given: dict[str, Any] = {
        "host": host,
        "port": port,
        "tls_cert": None if tls is None else str(tls),
        "tls_key": None if tls_key is None else str(tls_key),
    }
    return {"server": {name: value for name, value in given.items() if value is not None}}


def certificate(server: ServerSettings) -> tuple[Path, Path] | None:
    """The files of certificate chain and key, tried; None without TLS.

    Raises InvalidInputError that names the file, what is wrong with it and what to do.
    """
    if not server.tls_cert:
        if server.tls_key:
            raise InvalidInputError("有 TLS 私钥，没有证书：请同时写 --tls（server.tls_cert）。")
        return None
    chain = Path(server.tls_cert).expanduser().absolute()
    key = Path(server.tls_key).expanduser().absolute() if server.tls_key else chain
    _context(chain, key)
    return chain, key


def valid_until(chain: Path, key: Path) -> datetime:
    """When the certificate ends. Raises InvalidInputError where it is over or not yet valid.

    The two ends of a handshake in memory read it: the standard library parses none by itself.
    """
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client_context.load_verify_locations(chain)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = _context(chain, key).wrap_bio(to_server, to_client, server_side=True)
    for end in (client, server, client):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            raise InvalidInputError(
                f"TLS 证书 {chain} 通不过核对：{error.verify_message}。请换发证书后重启控制台。"
            ) from error
    found = client.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), tz=UTC)


def _context(chain: Path, key: Path) -> ssl.SSLContext:
    for what, file in (("证书", chain), ("私钥", key)):
        try:
            file.read_bytes()
        except OSError as error:
            raise InvalidInputError(
                f"TLS {what}文件 {file} 读不了：{reason_of(error)}。"
            ) from error

    def ask() -> str:
        raise InvalidInputError(
            f"TLS 私钥 {key} 有口令，服务启动时没有人能输入。"
            "请用 openssl pkey 去掉口令，并把文件设为只有服务用户可读。"
        )

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(chain, key, password=ask)
    except ssl.SSLError as error:
        mismatch = "KEY_VALUES_MISMATCH" in str(error)
        what = (
            f"证书 {chain} 和私钥 {key} 不是一对"
            if mismatch
            else f"证书 {chain} 或私钥 {key} 不是 PEM 格式，或内容不全"
        )
        raise InvalidInputError(f"TLS {what}，请核对文件。") from error
    return context
