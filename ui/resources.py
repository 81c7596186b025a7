"""What all browser sessions share: one installation for each set of settings, one model for each choice of it."""

from __future__ import annotations

import streamlit as st

from semcache.embed import Embedder, open_embedder
from semcache.settings import Settings, load_settings
from semcache_ui.services.installation import Installation, open_installation


def installation() -> Installation:
    """The installation that the settings describe; raises RedisUnavailable or ConfigurationError."""
    settings = load_settings()
    return _opened(settings.model_dump_json(), settings)


@st.cache_resource(show_spinner="Opening the installation …", on_release=Installation.close)
def _opened(key: str, _settings: Settings) -> Installation:
    opened = open_installation(_settings, embedder=_own_model(_settings))
    opened.warm_up()
    return opened


def _own_model(settings: Settings) -> Embedder | None:
    """A model that several installations may use; None if its vectors are shared through one Redis."""
    if settings.redis.embedding_cache_ttl_s:
        return None
    return _model(f"{settings.model_dir} {settings.embed.model_dump_json()}", settings)


@st.cache_resource(show_spinner=False)
def _model(key: str, _settings: Settings) -> Embedder:
    return open_embedder(_settings.embed, model_dir=_settings.model_dir)
