"""A notice as mail: what posts say is text in it, line by line, and never markup."""

import email
import email.policy
import socketserver
import threading

import pytest

from registry.addresses import Admitted
from responder.notify import AppriseNotifier, Notice, NotifyError

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
NOTICE = Notice(
    key="k",
    title="塌陷 <i>x</i>",
    text='1. 有人发 <img src="http://a.example/x.png"> & <b>b</b>\n2. 第二条',
)


class Mailbox(socketserver.StreamRequestHandler):
    """As much SMTP as a sender needs."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                got = b""
                while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                    got += line
                self.server.got.append(got)
            said = {b"QUIT": b"221 bye\r\n", b"RCPT": self.server.answer}
            self.wfile.write(said.get(verb, b"250 ok\r\n"))
            if verb == b"QUIT":
                return


@pytest.fixture
def mailbox():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.got = []
        server.answer = b"250 ok\r\n"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def notifier(server):
    url = (
        f"mailto://127.0.0.1:{server.server_address[1]}"
        "?smtp=127.0.0.1&from=a@example.com&to=b@example.com&mode=insecure"
    )
    return AppriseNotifier(url, allowed=Admitted(["127.0.0.1"], setting="x"), limit_s=5.0)


def test_text_stays_text_and_lines_stay_lines(mailbox):
    notifier(mailbox).send(NOTICE)
    mail = email.message_from_bytes(mailbox.got[0], policy=email.policy.default)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    assert [part.get_content_type() for part in parts] == ["text/plain"]
    assert parts[0].get_content().splitlines() == [*NOTICE.text.splitlines(), "编号 k"]
    assert mail["Subject"] == NOTICE.title


def test_a_refused_recipient_is_told(mailbox):
    mailbox.answer = b"550 no such user\r\n"
    with pytest.raises(NotifyError, match="没有收下"):
        notifier(mailbox).send(NOTICE)
    assert mailbox.got == []
