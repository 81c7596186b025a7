"""redisvl's cache, history and router by another import, on a Redis without a search module.

semcache up -d
OPENAI_API_KEY=... python examples/redisvl_app.py
"""

from __future__ import annotations

from typing import Any

from openai import OpenAI
from redisvl.extensions.router.schema import Route
from redisvl.query.filter import Tag

from semcache.adapters.redisvl import MessageHistory, SemanticCache, SemanticRouter
from semcache.settings import load_settings

ROUTES = [
    Route(name="library", references=["renew a library card", "return a book"], distance_threshold=0.5),
    Route(name="weather", references=["will it rain?", "how warm is it?"], distance_threshold=0.5),
]


def main() -> None:
    url = load_settings().redis.url
    router = SemanticRouter("example-router", ROUTES, redis_url=url, overwrite=True)
    history = MessageHistory("example-history", "session", redis_url=url, ttl=3600)
    fields: Any = [{"name": "tenant", "type": "tag"}]
    with SemanticCache("example", redis_url=url, ttl=3600, filterable_fields=fields, decision="budget") as cache:
        for question in ("How do I renew a library card?", "how do I renew a library card?"):
            hits = cache.check(question, filter_expression=Tag("tenant") == "city")
            answer = hits[0]["response"] if hits else ask(question)
            if not hits:
                cache.store(question, answer, filters={"tenant": "city"})
            history.store(question, answer)
            print(f"{router(question).name}, {'served' if hits else 'asked'}: {answer}")
    print(f"{history.count()} messages")


def ask(question: str) -> str:
    asked: Any = [{"role": "user", "content": question}]
    return str(OpenAI().chat.completions.create(model="gpt-5-mini", messages=asked).choices[0].message.content)


if __name__ == "__main__":
    main()
