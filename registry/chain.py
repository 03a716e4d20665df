"""Links of an append-only chain whose bodies can be destroyed where the law says so (链式留痕).

Each entry has a *header* (plain facts: id, time, who, what), a *body* (bytes) and a random *salt*.
The link of an entry covers the previous link, its header and the salted hash of its body. When body
and salt are destroyed, the chain still holds; the salt keeps a short body from being guessed.

Every digest names its hash (``sha256:…``), so that another one can be introduced beside it.
How to use it for an entry::

    salt = new_salt()
    digest = body_hash(body, salt)  # kept with the entry, also after an erasure
    hash = link(previous_hash, header, digest)  # previous_hash of the first entry: GENESIS
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping

Plain = str | int | None

GENESIS = "sha256:" + "0" * 64


def canonical(value: object) -> bytes:
    """The one JSON form that is hashed: UTF-8, keys sorted, no spaces, no escapes beyond need.

    ``value`` is built of dict, list, str, int, float, bool and None; anything else is a TypeError.
    """
    text = json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")


def new_salt() -> bytes:
    """16 random bytes, one salt for each body, erased together with it."""
    return secrets.token_bytes(16)


def body_hash(body: bytes, salt: bytes) -> str:
    """``sha256:`` and the hash of the salt's length, the salt and the body."""
    digest = hashlib.sha256(len(salt).to_bytes(4, "big") + salt + body)
    return "sha256:" + digest.hexdigest()


def link(prev: str, header: Mapping[str, Plain], body_hash: str) -> str:
    """The hash of an entry: over the link before it, its header and the salted hash of its body.

    Header values are strings, integers or None: instants are given as the text that is stored, so
    that a changed byte in the store always changes the link.
    """
    content = canonical({"body": body_hash, "header": dict(header), "prev": prev})
    return "sha256:" + hashlib.sha256(content).hexdigest()
