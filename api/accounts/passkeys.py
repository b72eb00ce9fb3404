"""Passkeys (WebAuthn, level 2): what a browser is asked for, and whether what it answers is right. Nothing is stored here.

Addresses are bound in by the browser, so that a passkey answers no other site. Here they come after a password: they need somebody's
presence, and their verification of the person where they can.
"""

import binascii
import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from api.errors import ApiError, Invalid

__all__ = [
    "LARGEST", "Passkey", "PasskeyRefused", "Site", "answer_options", "checked_answer", "checked_passkey", "credential_of", "new_options",
]  # fmt: skip

LARGEST = 16 * 1024
"""Characters of a browser's answer."""
_ORIGIN = re.compile(r"https://[^/\s@?#]+|http://localhost(:[0-9]+)?")
_MALFORMED = (
    WebAuthnException, InvalidSignature, UnsupportedAlgorithm, binascii.Error, struct.error,
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip


class PasskeyRefused(ApiError):
    """A browser's answer that is not right. Never shown: whoever asked makes of it what may be told."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys are used: `domain` is the relying party's id, `origins` the addresses of its pages, such as https://ballots.example.
    Raises Invalid for an origin that is neither https nor this machine."""

    domain: str
    origins: tuple[str, ...]

    def __post_init__(self) -> None:
        """See above."""
        if not self.domain or not self.origins:
            raise Invalid("passkeys need a domain and at least one origin")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise Invalid(f"an origin for passkeys: expected https://…, got {origin[:60]!a}")


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as it is kept: its id, its public key (COSE), and how many signatures it has counted; some count none and say 0."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def new_options(site: Site, account_id: str, sign_in_name: str, challenge: bytes, known: Sequence[bytes]) -> str:
    """What the browser is asked for to make a passkey, in JSON. `known`: ids of those that the account has already."""
    options = generate_registration_options(
        rp_id=site.domain,
        rp_name="Psephos",
        user_id=account_id.encode(),
        user_name=sign_in_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in known],
    )
    return options_to_json(options)


def checked_passkey(site: Site, challenge: bytes, answer: str) -> Passkey:
    """The passkey that the browser made for this challenge. Raises PasskeyRefused."""
    try:
        found = verify_registration_response(
            credential=_short(answer), expected_challenge=challenge, expected_rp_id=site.domain, expected_origin=list(site.origins)
        )
    except _MALFORMED as error:
        raise PasskeyRefused(f"a new passkey: {type(error).__name__}") from None
    return Passkey(found.credential_id, found.credential_public_key, found.sign_count)


def answer_options(site: Site, challenge: bytes, known: Sequence[bytes]) -> str:
    """What the browser is asked for to use one of the passkeys `known`, in JSON."""
    options = generate_authentication_options(
        rp_id=site.domain,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in known],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options)


def credential_of(answer: str) -> bytes:
    """The id of the passkey that an answer claims to be from. Raises PasskeyRefused."""
    try:
        return base64url_to_bytes(json.loads(_short(answer))["rawId"])
    except _MALFORMED as error:
        raise PasskeyRefused(f"a passkey's answer: {type(error).__name__}") from None


def checked_answer(site: Site, account_id: str, challenge: bytes, passkey: Passkey, answer: str) -> int:
    """The count of signatures after this answer: greater than before, or 0 both times. Raises PasskeyRefused."""
    try:
        found = verify_authentication_response(
            credential=_short(answer),
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=list(site.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
        handle = json.loads(answer)["response"].get("userHandle")
        # Some browsers send an empty handle for none.
        if found.credential_id != passkey.credential_id or (handle and base64url_to_bytes(handle) != account_id.encode()):
            raise PasskeyRefused("a passkey's answer: of another passkey or account")
    except _MALFORMED as error:
        raise PasskeyRefused(f"a passkey's answer: {type(error).__name__}") from None
    return found.new_sign_count


def _short(answer: str) -> str:
    if len(answer) > LARGEST:
        raise PasskeyRefused("a passkey's answer: too long")
    return answer
