"""What the web side is told at start; read once, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from registry.duty import USUAL, Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Settings of the api. Durations are wall time, sizes are bytes.

    ``secure_cookies`` is for service behind HTTPS: the cookie then carries ``__Host-`` and
    ``Secure``. ``allowed_hosts`` are the DNS names under which the service may be asked for, beside
    ``localhost`` and addresses in figures.
    """

    area_name: str = ""
    version: str = "0.3.0"
    demo: bool = False
    secure_cookies: bool = False
    allowed_hosts: tuple[str, ...] = ()
    session_idle: timedelta = timedelta(hours=12)
    session_absolute: timedelta = timedelta(days=7)
    max_body_bytes: int = 2 * 1024 * 1024
    sign_in_per_minute: int = 10  # tries for one name from one address
    sign_in_per_address: int = 60  # tries from one address, whatever the names
    stream_poll_s: float = 1.0
    stream_heartbeat_s: float = 15.0
    duty_hours: Hours = USUAL  # when the shifts change
    model_folder: str = ""  # of one's own training; "" for what is packaged
    score_band: tuple[float, float, float] = (0.7, 0.7, 0.3)  # negative, positive, neutral
    readers: int = 8  # reading transactions at a time in this process
    writers: int = 1  # writing ones; SQLite takes one at a time

    @property
    def cookie_name(self) -> str:
        """The session cookie; ``__Host-`` binds it to this host, to HTTPS and to ``/``."""
        return "__Host-yuqing" if self.secure_cookies else "yuqing_session"
