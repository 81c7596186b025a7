"""The settings of the Streamlit app."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from semcache.settings.section import Section


class UiSettings(Section):
    """The Streamlit app."""

    host: str = Field("127.0.0.1", description="address it binds to; one that other machines reach needs `login_file`")
    port: int = Field(8501, ge=1, le=65_535, description="port it binds to")
    login_file: Path | None = Field(
        None, description="file with Streamlit's `[auth]` table: people sign in through OpenID Connect; none = no login"
    )
    user_claim: str = Field(
        "email",
        min_length=1,
        description="claim that names a signed-in person: `sub`, or `email` where the provider verifies it",
    )
    issuer: str = Field("", description="only sign-ins whose claim `iss` is this; empty = the provider of `login_file`")
    tenant: str = Field("", description="only sign-ins whose claim `tid` is this: one tenant of Microsoft Entra")
    admins: list[str] = Field(
        default_factory=list,
        description="values of that claim: they see every user's memory, and change what all share",
    )
    allow_anonymous: bool = Field(
        False, description="bind to any address without login: who reaches the port sees and may do everything"
    )
