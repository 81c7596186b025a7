"""What stands for redisvl's SearchIndex where applications look at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redisvl.extensions.cache.llm.schema import SemanticCacheIndexSchema
from redisvl.utils.vectorize import BaseVectorizer

from semcache.store.records import Records


class Index:
    """The name, the schema, whether it exists, and its end; queries need a search module, and there are none."""

    def __init__(
        self,
        delete: Callable[[], None],
        records: Records,
        name: str,
        vectorizer: BaseVectorizer,
        fields: Sequence[dict[str, Any]] | None,
    ) -> None:
        self._delete = delete
        self._records = records
        self.name = name
        self.schema = SemanticCacheIndexSchema.from_params(name, name, vectorizer.dims, vectorizer.dtype)
        for field in fields or ():
            self.schema.add_field(dict(field))

    def exists(self) -> bool:
        """Whether somebody has opened the cache and nobody has deleted it since."""
        return self._records.schema() is not None

    def delete(self, drop: bool = True) -> None:
        """Removes the cache with its entries."""
        self._delete()
