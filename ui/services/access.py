"""Who may see and change what: the user that a signed-in person is, and where the app may be served (pure)."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from semcache.errors import ConfigurationError, SemcacheError
from semcache.settings import UiSettings


class AccessDenied(SemcacheError):
    """Somebody is signed in who cannot be told apart from others."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person. Without admin rights people see only their own memory, and change nothing that others see."""

    user: str
    admin: bool


def identify(claims: Mapping[str, object], rules: UiSettings, *, now: float | None = None) -> Identity:
    """The person that the provider's claims describe.

    Raises:
        AccessDenied: the claim that names the user is missing, the provider has not verified the e-mail address, the
            sign-in has run out (`exp`), or it comes from another issuer or tenant than the settings allow.
    """
    _check_origin(claims, rules)
    ends = claims.get("exp", math.inf)
    if not isinstance(ends, int | float) or not ends > (time.time() if now is None else now):
        raise AccessDenied("your sign-in has run out: sign out, and sign in again")
    claim = rules.user_claim
    named = claims.get(claim)
    if not isinstance(named, str) or not named.strip():
        raise AccessDenied(f"your provider does not say your `{claim}`: ask for that scope, or set ui.user_claim")
    if claim == "email" and claims.get("email_verified") is not True:
        raise AccessDenied(
            f"your provider has not verified the address {named}. Verify it there, and sign in again; or let the "
            'administrator set ui.user_claim = "sub", where the provider verifies none'
        )
    user = _known_as(named, claim)
    return Identity(user, user in {_known_as(admin, claim) for admin in rules.admins})


def _check_origin(claims: Mapping[str, object], rules: UiSettings) -> None:
    """The same subject or address of another issuer, or another tenant of the same issuer, is another person."""
    for claim, wanted in (("iss", rules.issuer), ("tid", rules.tenant)):
        if wanted and claims.get(claim) != wanted:
            raise AccessDenied(f"you are signed in at another provider than this installation allows (`{claim}`)")


def check_reach(rules: UiSettings) -> None:
    """Without login the app is served to this machine alone.

    Raises:
        ConfigurationError: it would be open to others.
    """
    if rules.login_file is None and not rules.allow_anonymous and not is_local(rules.host):
        raise ConfigurationError(
            f"ui.host = {rules.host!r} would show everybody's memory to whoever reaches the port. Set ui.login_file "
            "(docs/how-to/login.md), or ui.allow_anonymous = true behind something that lets only the right people in"
        )


def is_local(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _known_as(name: str, claim: str) -> str:
    """Providers write the same e-mail address in upper and lower case; other letters than ASCII's are not folded.

    ss and the German sharp s, k and the sign for kelvin are one when folded, and may be two people's addresses.
    """
    name = name.strip()
    return name.lower() if claim == "email" and name.isascii() else name
