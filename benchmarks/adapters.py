"""What an adapter costs beside the library: a hit, and what a miss adds to a call of the model.

`python benchmarks/adapters.py [--rounds 300]` on a Redis of its own. The model is a function in the process, so that
the calls of the SDK with and without the cache are alike but for the cache. Every round measures each case once, in
turn, so that what else the machine does weighs on all; figures are medians, of the time that passes and of the
processor's time that the caller takes. The vectors of the questions are at hand: an embedding takes the same time
whoever asks for it. In the environment of `make test-adapters` LangChain, LangGraph and sessions of agents are measured
too: a turn of a graph beside one that LangGraph keeps in memory, items of a session beside the list that they lie in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any

import httpx2
from openai import DefaultHttpxClient, OpenAI
from redisvl.utils.vectorize import CustomVectorizer
from servers import running

from semcache.adapters.openai import wrap
from semcache.adapters.redisvl import SemanticCache as DropIn
from semcache.adapters.sessions import SessionList
from semcache.cache import SemanticCache
from semcache.embed import default_embedder
from semcache.errors import MissingExtra

ANSWER = "An answer of ordinary length. " * 8
QUESTION = "How do I renew a library card at counter {n}?"
STORED = 100


def body(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 40, "total_tokens": 49}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def model() -> OpenAI:
    """The SDK's client of a model that answers at once."""
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=body(ANSWER)))
    return OpenAI(api_key="k", base_url="http://model/v1", http_client=DefaultHttpxClient(transport=transport))


def ask(client: OpenAI, question: str) -> None:
    client.chat.completions.create(model="m", messages=[{"role": "user", "content": question}])


def cases(url: str, rounds: int) -> dict[str, Callable[[int], object]]:
    """What is measured, by name; each is called with the number of the round."""
    embedder = default_embedder()
    embedder.embed([QUESTION.format(n=n) for n in range(STORED + 4 * rounds)])
    own, plain = SemanticCache(url, namespace="own", embedder=embedder), model()
    own.store_many([(QUESTION.format(n=n), ANSWER) for n in range(STORED)])
    wrapped = wrap(plain, SemanticCache(url, namespace="openai", embedder=embedder))
    vectorizer = CustomVectorizer(embed=lambda text, **_: embedder.embed([text])[0].tolist())
    redisvl = {
        decision: DropIn(decision, redis_url=url, vectorizer=vectorizer, decision=decision)
        for decision in ("threshold", "budget")
    }
    for n in range(STORED):
        ask(wrapped, QUESTION.format(n=n))
        for cache in redisvl.values():
            cache.store(QUESTION.format(n=n), ANSWER)
    found: dict[str, Callable[[int], object]] = {
        "own hit": lambda n: own.lookup(QUESTION.format(n=n % STORED)),
        "own miss, and the answer stored": lambda n: _missed(own, QUESTION.format(n=STORED + n)),
        "SDK without a cache": lambda n: ask(plain, QUESTION.format(n=n % STORED)),
        "SDK, hit": lambda n: ask(wrapped, QUESTION.format(n=n % STORED)),
        "SDK, miss, and the answer stored": lambda n: ask(wrapped, QUESTION.format(n=STORED + n)),
    }
    found |= {
        f"redisvl, {name}, hit": (lambda n, cache=cache: cache.check(QUESTION.format(n=n % STORED)))  # type: ignore[misc]
        for name, cache in redisvl.items()
    }
    return found | _langchain(url, embedder) | _langgraph(url) | _sessions(url)


def _missed(cache: SemanticCache, question: str) -> None:
    found = cache.lookup(question)
    if not found:
        cache.store(question, ANSWER, miss=found)


def _langchain(url: str, embedder: Any) -> dict[str, Callable[[int], object]]:
    """Where it is installed (`make test-adapters`)."""
    try:
        from langchain_core.outputs import Generation

        from semcache.adapters.langchain import SemcacheCache
    except (ImportError, MissingExtra):
        return {}
    cache = SemcacheCache(url, namespace="langchain", embeddings=embedder)
    for n in range(STORED):
        cache.update(QUESTION.format(n=n), "model", [Generation(text=ANSWER)])
    return {"LangChain, hit": lambda n: cache.lookup(QUESTION.format(n=n % STORED), "model")}


def _langgraph(url: str) -> dict[str, Callable[[int], object]]:
    """One turn of a graph of one node, ten turns to a thread; and a value of the store."""
    try:
        from langgraph.checkpoint.memory import InMemorySaver
        from langgraph.graph import START, MessagesState, StateGraph

        from semcache.adapters.langgraph import RedisSaver, RedisStore
    except (ImportError, MissingExtra):
        return {}

    def turns(saver: Any) -> Callable[[int], object]:
        graph = StateGraph(MessagesState)
        graph.add_node("answer", lambda state: {"messages": [("ai", ANSWER)]})
        graph.add_edge(START, "answer")
        ready = graph.compile(checkpointer=saver)
        said: Any = {"messages": [("human", QUESTION)]}
        return lambda n: ready.invoke(said, {"configurable": {"thread_id": str(n // 10)}})

    store = RedisStore(url)
    store.put(("users", "ada"), "city", {"text": ANSWER})
    return {
        "LangGraph, a turn, in memory": turns(InMemorySaver()),
        "LangGraph, a turn, in Redis": turns(RedisSaver(url)),
        "LangGraph, a value of the store": lambda n: store.get(("users", "ada"), "city"),
    }


def _sessions(url: str) -> dict[str, Callable[[int], object]]:
    """The 20 items of a session, read in a thread as asynchronous callers have to."""
    try:
        from semcache.adapters.claude import SessionStore
        from semcache.adapters.openai_agents import Session
    except (ImportError, MissingExtra):
        return {}
    loop, items = asyncio.new_event_loop(), [{"role": "user", "content": ANSWER} for _ in range(20)]
    own, agents, claude = SessionList(url), Session("s", url), SessionStore(url)
    key = {"project_key": "p", "session_id": "s"}
    own.append(("own",), items)
    loop.run_until_complete(agents.add_items(items))
    loop.run_until_complete(claude.append(key, items))
    return {
        "session, own list": lambda n: loop.run_until_complete(asyncio.to_thread(own.items, ("own",))),
        "session, OpenAI Agents": lambda n: loop.run_until_complete(agents.get_items()),
        "session, Claude": lambda n: loop.run_until_complete(claude.load(key)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with running(kafka=False) as servers:
        measured = cases(servers.environment["SEMCACHE_REDIS_URL"], rounds)
        passed, own_time = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
        for n in range(rounds):
            for name, call in measured.items():
                began, ran = time.perf_counter(), time.thread_time()
                call(n)
                own_time[name].append((time.thread_time() - ran) * 1000)
                passed[name].append((time.perf_counter() - began) * 1000)
    for clock, took in (("time that passes, ms", passed), ("processor's time, ms", own_time)):
        report(clock, {name: round(median(times), 3) for name, times in took.items()})


def report(clock: str, medians: dict[str, float]) -> None:
    print(clock, json.dumps(medians, indent=2))
    hit, sdk = medians["own hit"], medians["SDK without a cache"]
    stored = medians["own miss, and the answer stored"]
    print(f"SDK: a hit takes {medians['SDK, hit'] / (hit + sdk):.2f} times the library's and the SDK's own")
    print(f"SDK: a miss adds {medians['SDK, miss, and the answer stored'] - sdk:.2f} ms, of these the library {stored}")
    own = {"redisvl": hit, "LangChain": hit, "session": medians.get("session, own list", hit)}
    for name, took_ms in medians.items():
        if (kind := name.partition(",")[0]) in own:
            print(f"{name}: {took_ms / own[kind]:.2f} times the library's own")


if __name__ == "__main__":
    main()
