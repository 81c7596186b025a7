"""A LangChain model whose answers are kept by their meaning. `ChatOpenAI` or any other chat model takes `cache=` too.

semcache up -d
OPENAI_API_KEY=... python examples/langchain_app.py
"""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import BaseMessage
from openai import OpenAI

from semcache.adapters.langchain import SemcacheCache
from semcache.settings import load_settings


class Model(SimpleChatModel):
    """The smallest chat model: it asks the OpenAI API."""

    @property
    def _llm_type(self) -> str:
        return "example"

    def _call(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> str:
        asked: Any = [{"role": "user", "content": str(message.content)} for message in messages]
        answer = OpenAI().chat.completions.create(model="gpt-5-mini", messages=asked)
        print("the model is asked")
        return str(answer.choices[0].message.content)


def main() -> None:
    cache = SemcacheCache(load_settings().redis.url, namespace="example-langchain", ttl=3600)
    model = Model(cache=cache)
    for question in ("How do I renew a library card?", "how do I renew a library card"):
        print(model.invoke(question).content)


if __name__ == "__main__":
    main()
