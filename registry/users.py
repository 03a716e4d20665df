"""Users, how they prove who they are, and their tokens: one door to three modules (用户)."""

from registry.accounts import (
    Role,
    User,
    activate,
    create,
    deactivate,
    everything,
    get,
    named,
    set_password,
    set_roles,
)
from registry.sign_in import authenticate
from registry.tokens import Token, for_token, issue_token, revoke_token, tokens

__all__ = [
    "Role",
    "Token",
    "User",
    "activate",
    "authenticate",
    "create",
    "deactivate",
    "everything",
    "for_token",
    "get",
    "issue_token",
    "named",
    "revoke_token",
    "set_password",
    "set_roles",
    "tokens",
]
