"""A FastAPI application behind several uvicorn workers: each asks the model through `wrap`, and counts who has come."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import redis.asyncio
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from openai import AsyncOpenAI

from semcache.adapters.openai import wrap
from semcache.cache import SemanticCache

URL, NAMESPACE = os.environ["ASKING_REDIS"], os.environ["ASKING_NAMESPACE"]
cache = SemanticCache(URL, namespace=NAMESPACE)
model = wrap(AsyncOpenAI(base_url=os.environ["ASKING_LLM"], api_key="k", max_retries=0), cache)
arrived = redis.asyncio.Redis.from_url(URL)


@asynccontextmanager
async def warmed_up(app: FastAPI) -> AsyncIterator[None]:
    await anyio.to_thread.run_sync(cache.warm_up)
    yield


app = FastAPI(lifespan=warmed_up)


@app.get("/ask")
async def ask(question: str, stream: bool = False) -> PlainTextResponse:
    await arrived.incr(f"test:{NAMESPACE}:arrived")
    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": question}]}
    if stream:
        chunks = await model.chat.completions.create(**asked, stream=True)
        return PlainTextResponse("".join([c.choices[0].delta.content or "" async for c in chunks if c.choices]))
    answer = await model.chat.completions.create(**asked)
    return PlainTextResponse(str(answer.choices[0].message.content))
