"""The session cookie: its name, its flags, its end."""

from __future__ import annotations

from starlette.responses import Response

from api.settings import ApiSettings


def give(response: Response, settings: ApiSettings, secret: str) -> None:
    """Hand out the session: not readable by scripts, not sent along from other sites' forms."""
    response.set_cookie(
        settings.cookie_name,
        secret,
        max_age=int(settings.session_absolute.total_seconds()),
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def take_back(response: Response, settings: ApiSettings) -> None:
    """Make the browser forget it."""
    response.delete_cookie(
        settings.cookie_name,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
