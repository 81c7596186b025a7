"""Sealing: text at rest under AES-256-SIV, words under HMAC; off by default."""

from semcache.store.sealing.opening import open_sealer
from semcache.store.sealing.protocol import MARK, UNSEALED, Sealer, Unsealed, is_sealed, sealed_under

__all__ = ["MARK", "UNSEALED", "Sealer", "Unsealed", "is_sealed", "open_sealer", "sealed_under"]
