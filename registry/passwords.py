"""Hashing of passwords, and what a new one has to be (密码)."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from registry.errors import InvalidInputError
from registry.statements import clean

MIN_LENGTH = 10
MAX_LENGTH = 256  # hashing takes time with length: nobody's sign-in may become an attack
COMMON = frozenset({"1234567890", "0123456789", "password123", "qwertyuiop", "administrator"})


class Hasher(Protocol):
    """Turns passwords into hashes that tell their own parameters."""

    def __hash__(self) -> int: ...

    def hash(self, password: str) -> str:
        """A salted hash."""
        ...

    def verify(self, password: str, hash: str) -> bool:  # noqa: A002 (pwdlib's name)
        """Whether the hash is of this password."""
        ...


@cache
def argon2(*, time_cost: int = 2, memory_kib: int = 19456) -> Hasher:
    """Argon2id, at a cost of about 20 MB and 30 ms for each sign-in."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    hasher = Argon2Hasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
    return PasswordHash((hasher,))


@cache
def cheap() -> Hasher:
    """The same with almost no cost: for tests only."""
    return argon2(time_cost=1, memory_kib=8)


def require_good(password: str, *, name: str) -> None:
    """Raises InvalidInputError where the new password of that user is too weak or too long."""
    if len(password) < MIN_LENGTH:
        raise InvalidInputError(f"密码至少要 {MIN_LENGTH} 个字符。", field="password")
    if len(password) > MAX_LENGTH:
        raise InvalidInputError(f"密码最多 {MAX_LENGTH} 个字符。", field="password")
    if clean(password) != password:
        raise InvalidInputError("密码里有不能用的字符，请换一个。", field="password")
    if password.casefold() in COMMON or len(set(password)) < MIN_LENGTH // 3:
        raise InvalidInputError("密码太常见或太单调，请换一个。", field="password")
    if password.casefold() == name.casefold():
        raise InvalidInputError("密码不能与用户名相同。", field="password")
