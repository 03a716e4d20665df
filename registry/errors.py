"""What goes wrong in the business, each with its HTTP status and a message in Chinese.

The message says what, where and what to do; it is shown to the person as it stands.
"""

from __future__ import annotations


class DeskError(Exception):
    """The root: a message for a person, and the HTTP status that fits it."""

    status = 400
    commits = False  # True: the transaction commits before the error is raised on

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInputError(DeskError):
    """What was given can't be taken as it is (输入有误)."""

    status = 422

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnauthenticatedError(DeskError):
    """No valid sign-in (未登录)."""

    status = 401


class SignInError(UnauthenticatedError):
    """Name or password is wrong (登录失败); that it was tried is kept."""

    commits = True


class ForbiddenError(DeskError):
    """The role does not allow it (无权限)."""

    status = 403


class NotFoundError(DeskError):
    """There is no such thing (不存在)."""

    status = 404


class ConflictError(DeskError):
    """Somebody else was first, or the state does not allow it (状态冲突)."""

    status = 409


class TooManyRequestsError(DeskError):
    """Too often; the message says when to try again (过于频繁)."""

    status = 429


class SignInLockedError(TooManyRequestsError):
    """Too many failed sign-ins (登录锁定); the message says until when."""

    commits = True


class UnavailableError(DeskError):
    """Not now: locked database, full disk, a stage that is down (暂不可用)."""

    status = 503
