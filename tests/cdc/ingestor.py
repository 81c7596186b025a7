"""The ingestor, as an operator runs it, over everything that the connectors have written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from semcache.embed import open_embedder
from semcache.knowledge import KnowledgeBase
from semcache.settings import load_settings

MODEL = "all-minilm-l6-v2-q"
TIMEOUT_S = 240.0


@dataclass(frozen=True, slots=True)
class TopicMapping:
    """One `[[ingest.debezium]]` table: each way of writing has a namespace of its own."""

    topic: str
    id: str
    text: str
    namespace: str


class Ingestor:
    """Runs `semcache-ingest` with a semcache.toml in `folder`; reads what it has made."""

    def __init__(self, folder: Path, *, kafka: str, redis_url: str, mappings: Iterable[TopicMapping]) -> None:
        folder.mkdir(parents=True)
        self._config = folder / "semcache.toml"
        self._config.write_text(_toml(folder, kafka, redis_url, list(mappings)))
        self._redis = Redis.from_url(redis_url)
        self._embedder = open_embedder(load_settings(embed={"model": MODEL}).embed, model_dir=load_settings().model_dir)

    def run(self) -> str:
        """Until all is applied that is there now; what it printed."""
        return self._call("run", "--until-caught-up")

    def dead_letters(self) -> list[dict[str, Any]]:
        """How many there are of a kind: count, topic, error class, cause."""
        return list(json.loads(self._call("dlq", "list", "--json"))["kinds"])

    def documents(self, namespace: str) -> dict[str, str]:
        """Document -> text, as the knowledge base holds them now."""
        kb = KnowledgeBase(self._redis, embedder=self._embedder, namespace=namespace)
        found = (kb.get(listed.document) for listed in kb.documents())
        return {document.document: document.text or "" for document in found if document}

    def _call(self, *words: str) -> str:
        environment: Mapping[str, str] = os.environ | {"SEMCACHE_CONFIG": str(self._config)}
        done = subprocess.run(
            [Path(sys.executable).with_name("semcache-ingest"), *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"semcache-ingest {' '.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr if words[0] == "run" else done.stdout


def _toml(folder: Path, kafka: str, redis_url: str, mappings: list[TopicMapping]) -> str:
    topics = [mapping.topic for mapping in mappings]
    lines = [
        f"data_dir = {json.dumps(str(folder))}",
        f"redis = {{ url = {json.dumps(redis_url)} }}",
        f"kafka = {{ bootstrap_servers = {json.dumps(kafka)}, partitions = 1 }}",
        f"embed = {{ model = {json.dumps(MODEL)} }}",
        "[ingest]",
        f"topics = {json.dumps(topics)}",
    ]
    for mapping in mappings:
        lines += ["[[ingest.debezium]]", f"table = {json.dumps(mapping.topic)}", f"id = {json.dumps(mapping.id)}"]
        lines += [f"text = {json.dumps(mapping.text)}", f"namespace = {json.dumps(mapping.namespace)}"]
    return "\n".join(lines) + "\n"
