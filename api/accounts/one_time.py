"""One-time passwords by the time (TOTP, RFC 6238): six digits, steps of 30 seconds, as authenticator apps make them. A secret passes."""

from dataclasses import dataclass, field
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

__all__ = ["ISSUER", "NewSecret", "new_secret", "step_of"]

ISSUER = "Psephos"
"""What apps show above the code."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """Shown once, for the app: 160 bits in base 32, and the same as an address for a QR code."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


def new_secret(sign_in_name: str) -> NewSecret:
    """A new one. The app shows it under this name."""
    secret = pyotp.random_base32(32)
    return NewSecret(secret, pyotp.TOTP(secret, issuer=ISSUER).provisioning_uri(name=sign_in_name))


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to: this one, the one before or the next; None if it belongs to none of them."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=now, valid_window=1)
    except OTPVerificationError:
        return None
