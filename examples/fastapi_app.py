"""A FastAPI service that answers from the cache, whole or in pieces; of many who ask the same, one asks the model.

semcache up -d
OPENAI_API_KEY=... uvicorn examples.fastapi_app:app --workers 2
curl 'localhost:8000/ask?question=How+do+I+renew+a+library+card'
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI

from semcache.adapters.openai import wrap
from semcache.aio import AsyncSemanticCache
from semcache.settings import load_settings

cache = AsyncSemanticCache(load_settings().redis.url, namespace="example-fastapi")
model = wrap(AsyncOpenAI(), cache)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with cache:
        await cache.warm_up()
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ask")
async def ask(question: str) -> dict[str, object]:
    asked = [{"role": "user", "content": question}]
    answer = await model.chat.completions.create(model="gpt-5-mini", messages=asked)  # type: ignore[arg-type]
    return {"answer": answer.choices[0].message.content, "served": getattr(answer, "_semcache", None)}


@app.get("/stream")
async def stream(question: str) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        asked = [{"role": "user", "content": question}]
        chunks = await model.chat.completions.create(model="gpt-5-mini", messages=asked, stream=True)  # type: ignore[arg-type]
        async for chunk in chunks:
            yield (chunk.choices[0].delta.content or "") if chunk.choices else ""

    return StreamingResponse(pieces(), media_type="text/plain")
