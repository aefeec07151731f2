"""Password hashes (argon2id), and passwords that are good for one sign-in."""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import Invalid

LEAST_LENGTH, MOST_LENGTH = 12, 256
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_GROUPS, _GROUP = 4, 5
_hashing = threading.Semaphore(2)  # a flood of logins must not starve the machine


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def nobodys_hash() -> str:
    """A hash to compare with when there is no such account, so that the answer takes as long."""
    return _hasher().hash("nobody has this password")


def hash_password(password: str, *, demo: bool = False) -> str:
    """The argon2id hash to keep. Raises `Invalid` for a password shorter than 12 characters (demo accounts excepted)."""
    if not demo and not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise Invalid(f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters; this one has {len(password)}.")
    return _hasher().hash(password)


def verify(kept: str, password: str) -> bool:
    """True when it is the password of the hash."""
    with _hashing:
        try:
            return _hasher().verify(kept, password[:MOST_LENGTH])
        except (VerificationError, InvalidHashError):
            return False


def one_time_password() -> str:
    """A password to hand over: 20 letters and digits, some 99 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
