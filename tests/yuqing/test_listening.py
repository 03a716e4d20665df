"""The console on an address of its own, with its own certificate."""

from __future__ import annotations

import json
import ssl
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from support.certificates import make_certificate
from support.service import run, service

from registry.errors import InvalidInputError
from yuqing.listening import certificate, read_listen, server_flags, valid_until
from yuqing.settings import ServerSettings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:8443", ("0.0.0.0", 8443)),
        ("[::]:8443", ("::", 8443)),
        (":80", ("0.0.0.0", 80)),
        ("desk.example:0", ("desk.example", 0)),
    ],
)
def test_an_address_to_listen_on(text, expected) -> None:
    assert read_listen(text) == expected


@pytest.mark.parametrize("text", ["", "8443", "::1:8443", "host:", "host:http", "h:65536", "h:-1"])
def test_what_is_no_address_is_told_with_an_example(text) -> None:
    with pytest.raises(InvalidInputError, match=r"0\.0\.0\.0:8443"):
        read_listen(text)


def test_listen_and_port_are_not_both_given() -> None:
    with pytest.raises(InvalidInputError, match="--port"):
        server_flags(listen="0.0.0.0:1", port=2)


def test_each_fault_of_a_certificate_is_a_sentence(tmp_path) -> None:
    chain, key = make_certificate(tmp_path)
    _, other = make_certificate(tmp_path, name="other")
    _, locked = make_certificate(tmp_path, name="locked", password=b"secret")
    junk = tmp_path / "junk.pem"
    junk.write_text("not a certificate")
    for cert, private, said in (
        (tmp_path / "none.crt", key, "none.crt"),
        (chain, tmp_path / "none.key", "none.key"),
        (chain, other, "不是一对"),
        (chain, locked, "口令"),
        (junk, key, "PEM"),
        (chain, None, "PEM"),  # the key is not in the same file
        ("", key, "--tls"),
    ):
        server = ServerSettings(tls_cert=str(cert), tls_key=str(private or ""))
        with pytest.raises(InvalidInputError, match=said):
            certificate(server)
    assert certificate(ServerSettings()) is None


def test_how_long_a_certificate_is_valid(tmp_path) -> None:
    chain, key = make_certificate(tmp_path, days=20)
    left = valid_until(chain, key) - datetime.now(UTC)
    assert timedelta(days=19) < left <= timedelta(days=20)
    with pytest.raises(InvalidInputError, match="换发"):
        valid_until(*make_certificate(tmp_path, name="over", days=-1))


def test_the_whole_service_answers_by_tls_alone(tmp_path) -> None:
    chain, key = make_certificate(tmp_path)
    data = tmp_path / "data"
    listen = ("--listen", "127.0.0.1:0", "--tls", str(chain), "--tls-key", str(key))
    trust = ssl.create_default_context(cafile=str(chain))
    trust.check_hostname = False
    env = {"YUQING_ANALYZE__SCORER": "trivial"}
    with service(data, *listen, cwd=tmp_path, env=env, port=None, trust=trust) as up:
        assert up.url.startswith("https://127.0.0.1:")
        form = json.dumps({"name": up.first["user"], "password": up.first["password"]})
        request = urllib.request.Request(
            f"{up.url}api/v1/session",
            method="POST",
            data=form.encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60, context=trust) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        with pytest.raises(OSError, match=r"reset|closed|disconnect|refused|end of file"):
            urllib.request.urlopen(up.url.replace("https", "http") + "healthz", timeout=5)


def test_a_key_that_does_not_fit_stops_the_start(tmp_path) -> None:
    chain, _ = make_certificate(tmp_path)
    _, other = make_certificate(tmp_path, name="other")
    done = run(
        *("up", "--listen", "127.0.0.1:0", "--tls", str(chain), "--tls-key", str(other)),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "不是一对" in done.stderr
