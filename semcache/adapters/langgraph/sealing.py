"""Sealing of what a graph stores: a serializer that puts semcache's sealer behind LangGraph's own."""

from __future__ import annotations

import base64

from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from semcache.store.sealing import Sealer

_CIPHER = "semcache"
_PLACE = "langgraph"


class SealedSerializer(EncryptedSerializer):
    """`RedisSaver(serde=SealedSerializer(sealer))`: checkpoints, metadata, channel values and writes are sealed.

    Names stay readable: threads, namespaces, ids, channels. LangGraph does not tell a serializer where a value will
    lie, so all of it is sealed for one place.
    """

    def __init__(self, sealer: Sealer, serde: SerializerProtocol | None = None) -> None:
        super().__init__(_SealerCipher(sealer), serde or JsonPlusSerializer())


class _SealerCipher:
    """LangGraph's cipher of bytes, over a sealer of text."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        return _CIPHER, self._sealer.seal(base64.b64encode(plaintext).decode(), _PLACE).encode()

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        return base64.b64decode(self._sealer.open(ciphertext.decode(), _PLACE))
