"""The OpenAI client with the cache before it: the second answer comes from Redis.

    semcache up -d
    OPENAI_API_KEY=... python examples/openai_app.py

`OPENAI_BASE_URL` names another service that speaks the API.
"""

from __future__ import annotations

from openai import OpenAI

from semcache import SemanticCache
from semcache.adapters.openai import wrap
from semcache.settings import load_settings


def main() -> None:
    with SemanticCache(load_settings().redis.url, namespace="example-openai") as cache:
        client = wrap(OpenAI(), cache)
        for question in ("How do I renew a library card?", "how do I renew a library card"):
            asked = [{"role": "user", "content": question}]
            answer = client.chat.completions.create(model="gpt-5-mini", messages=asked)  # type: ignore[arg-type]
            served = getattr(answer, "_semcache", None)
            print(f"{'served' if served else 'asked'}: {answer.choices[0].message.content}")


if __name__ == "__main__":
    main()
