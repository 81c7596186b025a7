"""An agent of the OpenAI Agents SDK whose session is in Redis, for a day after its last item.

semcache up -d
OPENAI_API_KEY=... python examples/openai_agents_app.py
"""

from __future__ import annotations

import asyncio

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

from semcache.adapters.openai_agents import Session
from semcache.settings import load_settings


async def main() -> None:
    set_tracing_disabled(True)
    model = OpenAIChatCompletionsModel(model="gpt-5-mini", openai_client=AsyncOpenAI())
    agent = Agent(name="assistant", instructions="Answer in one sentence.", model=model)
    session = Session("example", load_settings().redis.url, user="ada", ttl=86_400)
    for text in ("My bike is a Brompton.", "Which bike do I have?"):
        result = await Runner.run(agent, text, session=session)
        print(result.final_output)
    print(f"{len(await session.get_items())} items")


if __name__ == "__main__":
    asyncio.run(main())
