"""A LlamaIndex memory in Redis: the chat history in a store, and what was said before as a block.

semcache up -d
OPENAI_API_KEY=... python examples/llama_index_app.py
"""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.llms import ChatMessage
from openai import AsyncOpenAI

from semcache import AgentMemory
from semcache.adapters.llama_index import ChatStore, MemoryBlock
from semcache.settings import load_settings


async def main() -> None:
    url = load_settings().redis.url
    store = ChatStore(url, user="ada", ttl=86_400)
    block = MemoryBlock(memory=AgentMemory(url, user="ada"), k=1)
    for text in ("My bike is a Brompton.", "Which bike do I have?"):
        asked = [ChatMessage(role="user", content=text)]
        known = await block.aget(asked)
        messages: Any = [{"role": "system", "content": f"Known: {known}"}, {"role": "user", "content": text}]
        answer = await AsyncOpenAI().chat.completions.create(model="gpt-5-mini", messages=messages)
        said = [*asked, ChatMessage(role="assistant", content=answer.choices[0].message.content)]
        for message in said:
            await store.async_add_message("example", message)
        await block.aput(said, session_id="example")
        print(known or "nothing is known")
    print(f"{len(store.get_messages('example'))} messages")


if __name__ == "__main__":
    asyncio.run(main())
