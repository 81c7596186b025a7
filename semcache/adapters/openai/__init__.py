"""The OpenAI SDK's clients, served from the cache: `wrap(OpenAI(), cache)` has the same methods and types."""

from semcache.errors import MissingExtra

try:
    import httpx2 as _http  # noqa: F401
    import openai as _sdk  # noqa: F401
except ImportError as error:
    raise MissingExtra("openai", "semcache.adapters.openai") from error

from semcache.adapters.openai.transport import wrap

__all__ = ["wrap"]
