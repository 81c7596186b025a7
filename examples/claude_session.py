"""Transcripts of the Claude Agent SDK in Redis, for a day, and what a session said about something.

With the SDK: `ClaudeAgentOptions(session_store=SessionStore(url, user="ada", ttl=86_400))`. Here entries are written as
it does, and the answers come from the OpenAI API, so that the example runs without its command line.

    semcache up -d
    OPENAI_API_KEY=... python examples/claude_session.py
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from openai import AsyncOpenAI

from semcache.adapters.claude import SessionStore
from semcache.settings import load_settings

KEY: Any = {"project_key": "example", "session_id": "session"}


def entry(role: str, text: str) -> dict[str, Any]:
    return {"type": role, "uuid": str(uuid.uuid4()), "message": {"role": role, "content": text}}


async def main() -> None:
    store = SessionStore(load_settings().redis.url, user="ada", ttl=86_400)
    for text in ("My bike is a Brompton.", "I live in Lyon."):
        asked: Any = [{"role": "user", "content": text}]
        answer = await AsyncOpenAI().chat.completions.create(model="gpt-5-mini", messages=asked)
        said = str(answer.choices[0].message.content)
        await store.append(KEY, [entry("user", text), entry("assistant", said)])
    print(f"{len(await store.load(KEY) or [])} entries")
    [found] = await store.recall(KEY, "Which bike do I have?", k=1)
    print(found["message"]["content"])


if __name__ == "__main__":
    asyncio.run(main())
