"""Wherever an apprise address leads, nothing connects to what is neither public nor listed."""

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from registry.addresses import Admitted
from responder.notify import AppriseNotifier, Notice, NotifyError

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
NOTICE = Notice(key="k", title="塌陷", text="剩余 10 分钟")


class Canary:
    """Listens on loopback, over TCP and UDP, and counts who comes."""

    def __init__(self, answer: bytes = b"") -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._udp.setblocking(False)
        self._answer = answer
        self.hits = 0
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                connection, _ = self._tcp.accept()
                with connection:
                    if connection.recv(1, socket.MSG_PEEK) == b"!":
                        return
                    self.hits += 1

    def datagrams(self) -> int:
        with contextlib.suppress(BlockingIOError):
            self._udp.recv(1000)
            return 1
        return 0

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as end:
            end.sendall(b"!")
        self._thread.join()
        self._tcp.close()
        self._udp.close()


@pytest.fixture
def canary():
    made = Canary()
    yield made
    made.close()


def send(url: str, *allowed: str) -> str:
    listed = Admitted(allowed, setting="respond.allow_private")
    return AppriseNotifier(url, allowed=listed).send(NOTICE)


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:{port}",
        "json://localhost:{port}/path",
        "xml://2130706433:{port}",
        "form://0x7f000001:{port}",
        "ntfy://localhost:{port}/topic",
        "gotify://localhost:{port}/token",
        "mailto://localhost:{port}?smtp=localhost&from=a@example.com&to=b@example.com",
        pytest.param(
            "rsyslog://127.0.0.1:{port}",  # apprise forgets to close its socket
            marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
        ),
    ],
)
def test_no_address_reaches_a_private_host(canary, url):
    with pytest.raises(NotifyError, match="按安全策略不予发送") as told:
        send(url.format(port=canary.port))
    assert not told.value.retry
    assert (canary.hits, canary.datagrams()) == (0, 0)


def test_what_is_listed_is_reached_by_name_and_by_address(canary):
    for listed in ("localhost", f"127.0.0.1:{canary.port}"):
        before = canary.hits
        with pytest.raises(NotifyError, match="没有收下"):  # it hangs up without an answer
            send(f"json://localhost:{canary.port}", listed)
        assert canary.hits > before


def test_a_redirect_of_a_listed_host_leads_nowhere_else(canary):
    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{canary.port}/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *given):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        with pytest.raises(NotifyError):
            send(f"json://127.0.0.1:{server.server_port}", f"127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert canary.hits == 0


def test_others_in_the_process_connect_as_ever(canary):
    with pytest.raises(NotifyError):
        send(f"json://127.0.0.1:{canary.port}")
    with socket.create_connection(("127.0.0.1", canary.port)) as end:
        end.sendall(b"x")
