"""Whether Kafka answers, and what its errors mean to the one who asked.

While it does not answer, whoever asks is told so at once and the network is tried again only now
and then: a stage that has other work (reminders) must not stand at a dead broker.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

from kafka import errors

from posts.errors import FatalError, PoisonError, PostsError, RetryError, reason_of
from posts.log.kafka_settings import KafkaSettings

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 15.0
_PROBE_S = 1.0

_REFUSED = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.KafkaConfigurationError,
    errors.UnrecognizedBrokerVersion,
    errors.IncompatibleBrokerVersion,
    errors.UnsupportedVersionError,
)
_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
# The group was dealt out anew while a batch was being handled: others read it again.
_MOVED = (
    errors.CommitFailedError,
    errors.RebalanceInProgressError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
)


class Link:
    """The state of the connection, shared by all that one log has open."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._again_at = 0.0
        self._wait_s = 0.0
        self._reason = ""
        self._answered = False  # ever

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Errors of Kafka as RetryError, FatalError or PoisonError, each saying what to do.

        Raises RetryError at once while Kafka is known not to answer.
        """
        self._refuse_while_away()
        try:
            yield
        except PostsError:
            raise
        except (errors.KafkaError, OSError) as error:
            raise self.translated(error) from error
        with self._lock:
            self._wait_s = 0.0
            self._answered = True

    def translated(self, error: BaseException) -> PostsError:
        """What that error means; from now on Kafka counts as away if it says so."""
        where = f"消息日志（Kafka {self._settings.bootstrap}）"
        if isinstance(error, _TOO_LARGE):
            return PoisonError(f"{where}收不下这么大的消息：{_said(error)}")
        if isinstance(error, _REFUSED):
            return FatalError(
                f"{where}拒绝访问：{_said(error)}。请检查 YUQING_KAFKA_* 里的协议、用户、"
                "密码，以及该用户对主题和读者组的权限。"
            )
        if isinstance(error, _MOVED):
            return RetryError(f"{where}重新分配了分区，这一批由新的读者重读。")
        if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
            return FatalError(f"{where}连不上：{reason_of(error)}。请检查 YUQING_KAFKA 的地址。")
        self._went_away(_said(error))
        return RetryError(self._away_sentence())

    def _refuse_while_away(self) -> None:
        with self._lock:
            wait_s, again_at = self._wait_s, self._again_at
        if not wait_s and self._answered:
            return
        if time.monotonic() < again_at:
            raise RetryError(self._away_sentence())
        if not self._answers():
            self._went_away("没有服务在这个地址上应答")
            raise RetryError(self._away_sentence())

    def _went_away(self, reason: str) -> None:
        with self._lock:
            self._wait_s = min(_LONGEST_WAIT_S, max(_FIRST_WAIT_S, self._wait_s * 2))
            self._again_at = time.monotonic() + self._wait_s
            self._reason = reason

    def _away_sentence(self) -> str:
        login = "、用户名和密码对不对" if self._settings.security_protocol[:4] == "SASL" else ""
        return (
            f"消息日志（Kafka {self._settings.bootstrap}）暂时不可用：{self._reason}。"
            f"请检查 Kafka 是否在运行、网络是否通{login}。"
        )

    def _answers(self) -> bool:
        """Whether anything listens there: a refused connection costs no time-out this way.

        The client tells a certificate that it does not trust from nothing at all as little as a
        wrong password; the first is found here. Raises FatalError.
        """
        tls = self._settings.tls() if self._settings.security_protocol[-3:] == "SSL" else None
        for server in self._settings.servers():
            host, _, port = server.rpartition(":")
            host = host.strip("[]")
            try:
                with socket.create_connection((host, int(port)), _PROBE_S) as line:
                    if tls is not None:
                        tls.wrap_socket(line, server_hostname=host).close()
                    return True
            except ssl.SSLCertVerificationError as error:
                raise FatalError(
                    f"消息日志（Kafka {server}）的证书不可信：{error.verify_message}。"
                    "请核对 kafka_ca（YUQING_KAFKA_CA）是不是签发它的 CA、主机名写得对不对。"
                ) from error
            except (OSError, ValueError):
                continue
        return False


def _said(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()[:300]
