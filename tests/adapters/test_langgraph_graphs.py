"""Real graphs on the checkpointer: the same states as with InMemorySaver, whatever LangGraph does with them."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from typing import Annotated, Any, TypedDict

import pytest
import redis as redis_py

pytest.importorskip("langgraph.graph", reason="make test-adapters has it")

from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from semcache import AgentMemory
from semcache.adapters.langgraph import AsyncRedisSaver, RedisSaver, SealedSerializer
from semcache.errors import SealError
from semcache.store.sealing.ring import KeyRing

pytestmark = pytest.mark.adapters

CONFIG: Any = {"configurable": {"thread_id": "t"}}


@pytest.fixture
def saver(redis: redis_py.Redis) -> Iterator[RedisSaver]:
    name = f"g{uuid.uuid4().hex[:12]}"
    yield RedisSaver(redis_client=redis, checkpoint_prefix=name)
    for key in redis.scan_iter(f"sc:*{name}*", count=1000):
        redis.delete(key)


def _add(old: Any, new: Any) -> list[Any]:
    items = list(old or [])
    for write in new:
        items += write if isinstance(write, list) else [write]
    return items


def _delta_graph(saver: Any, *, every: int = 50) -> Any:
    """A node that sends to six parallel ones; the list is a delta channel, whole every so many updates."""
    delta = DeltaChannel(_add, snapshot_frequency=every)

    class Items(TypedDict):
        items: Annotated[list[Any], delta]

    graph = StateGraph(Items)
    graph.add_node("a", lambda state: {"items": [f"a{len(state.get('items', []))}"]})
    graph.add_node("w", lambda state: {"items": [f"w{state['n']}"]})
    graph.add_conditional_edges("a", lambda state: [Send("w", {"n": n}) for n in range(6)], ["w"])
    graph.add_edge(START, "a")
    graph.add_edge("w", END)
    return graph.compile(checkpointer=saver)


@pytest.mark.parametrize("every", [1, 2, 3, 50])
@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_pruning_keeps_delta_channels_whole(saver: RedisSaver, every: int, durability: Any) -> None:
    """Parallel writes come back in their order, and the state is the same after a prune, however often it is whole."""
    ours, reference = _delta_graph(saver, every=every), _delta_graph(InMemorySaver(), every=every)
    for n in range(4):
        for graph in (ours, reference):
            graph.invoke({"items": [f"u{n}"]}, CONFIG, durability=durability)
        wanted = reference.get_state(CONFIG).values["items"]
        assert ours.get_state(CONFIG).values["items"] == wanted
        saver.prune(["t"])
        assert ours.get_state(CONFIG).values["items"] == wanted


def test_pruning_a_snapshot_leaves_nothing_before_it(saver: RedisSaver) -> None:
    """Where each delta channel is stored whole, one checkpoint is left."""
    graph = _delta_graph(saver, every=1)
    for n in range(3):
        graph.invoke({"items": [f"u{n}"]}, CONFIG)
    saver.prune(["t"])
    assert len(list(saver.list({"configurable": {"thread_id": "t", "checkpoint_ns": ""}}))) <= 2


def test_deleting_a_run_keeps_later_deltas(saver: RedisSaver) -> None:
    """The checkpoints of a run from which a later one's delta channel is made stay."""
    graph = _delta_graph(saver)
    runs = [str(uuid.uuid4()) for _ in range(3)]
    for n, run in enumerate(runs):
        graph.invoke({"items": [f"u{n}"]}, {**CONFIG, "run_id": uuid.UUID(run), "metadata": {"run_id": run}})
    wanted = graph.get_state(CONFIG).values["items"]
    saver.delete_for_runs(runs[:2])
    assert graph.get_state(CONFIG).values["items"] == wanted
    saver.delete_for_runs(runs)
    assert graph.get_state(CONFIG).values == {}


class State(TypedDict, total=False):
    x: int
    y: str
    z: str


def _approval_graph(saver: Any) -> Any:
    """A node, then a subgraph that asks a human twice."""

    def ask(state: State) -> State:
        return {"y": interrupt("ok?"), "z": interrupt("sure?")}

    sub = StateGraph(State)
    sub.add_node("ask", ask)
    sub.add_edge(START, "ask")
    sub.add_edge("ask", END)
    graph = StateGraph(State)
    graph.add_node("count", lambda state: {"x": state["x"] + 1})
    graph.add_node("sub", sub.compile())
    graph.add_edge(START, "count")
    graph.add_edge("count", "sub")
    graph.add_edge("sub", END)
    return graph.compile(checkpointer=saver)


def _approved(saver: Any) -> list[Any]:
    """What a graph shows on the way through two questions, back in time, and on another branch."""
    graph = _approval_graph(saver)
    seen: list[Any] = [_shown(graph.invoke({"x": 1}, CONFIG))]
    seen.append(_shown(graph.invoke(Command(resume="yes"), CONFIG)))
    seen.append(_shown(graph.invoke(Command(resume="very"), CONFIG)))
    history = list(graph.get_state_history(CONFIG))
    seen += [(state.values, state.next, len(state.tasks)) for state in history]
    waiting = next(state for state in history if state.next == ("count",))
    fork = graph.update_state(waiting.config, {"x": 10})
    seen.append(_shown(graph.invoke(None, fork)))
    seen.append(_shown(graph.invoke(Command(resume="no"), CONFIG)))
    seen.append((graph.get_state(CONFIG).values, graph.get_state(CONFIG).next))
    return seen


def _shown(result: Any) -> Any:
    return {k: [i.value for i in v] if k == "__interrupt__" else v for k, v in result.items()}


def test_interrupts_subgraphs_and_time_travel(saver: RedisSaver) -> None:
    """A graph that waits for a human in a subgraph resumes, is looked back on and forked as with InMemorySaver."""
    assert _approved(saver) == _approved(InMemorySaver())


def test_another_process_resumes(saver: RedisSaver, redis: redis_py.Redis) -> None:
    """A new saver and a new graph go on where an interrupted one stopped."""
    _approval_graph(saver).invoke({"x": 1}, CONFIG)
    other = RedisSaver(redis_client=redis, checkpoint_prefix=saver._graph)
    assert _approval_graph(other).invoke(Command(resume="yes"), CONFIG)["x"] == 2


def test_from_asyncio(redis_url: str) -> None:
    """A graph runs through the asynchronous saver, opened and closed by its URL."""

    async def run() -> Any:
        async with AsyncRedisSaver.from_conn_string(redis_url, checkpoint_prefix=uuid.uuid4().hex) as saver:
            await saver.asetup()
            graph = _approval_graph(saver)
            await graph.ainvoke({"x": 1}, CONFIG)
            await graph.ainvoke(Command(resume="yes"), CONFIG)
            result = await graph.ainvoke(Command(resume="sure"), CONFIG)
            states = [state async for state in graph.aget_state_history(CONFIG)]
            await saver.adelete_thread("t")
            return result, len(states)

    assert asyncio.run(run()) == ({"x": 2, "y": "yes", "z": "sure"}, 4)


def test_only_core_commands_are_sent(saver: RedisSaver, redis: redis_py.Redis, redis_url: str) -> None:
    """MONITOR sees no command of a module, and no command beyond what a plain Redis has."""
    with redis_py.Redis.from_url(redis_url) as watcher, watcher.monitor() as monitor:
        end = f"end {uuid.uuid4()}"
        _approval_graph(saver).invoke({"x": 1}, CONFIG)
        saver.prune(["t"])
        saver.copy_thread("t", "u")
        saver.delete_thread("t")
        redis.echo(end)
        sent: set[str] = set()
        while end not in (command := monitor.next_command()["command"]):
            if saver._graph in command or command.split()[0] in ("MULTI", "EXEC"):
                sent.add(command.split()[0].upper())
    modules = {command for command in sent if "." in command}
    assert modules == set()
    known = {name.upper() for name in redis.command()}
    assert sent <= known
    assert {"HSET", "ZADD", "HMGET"} <= sent


def test_sealed_state_is_unreadable(redis: redis_py.Redis, saver: RedisSaver) -> None:
    """With a sealing serializer no value is found in Redis; another key cannot open it, the same one can."""
    rings = [KeyRing({"k": os.urandom(32)}, active="k", words=os.urandom(32)) for _ in range(2)]
    sealed, other = (
        RedisSaver(redis_client=redis, checkpoint_prefix=saver._graph, serde=SealedSerializer(ring)) for ring in rings
    )
    graph = _approval_graph(sealed)
    graph.invoke({"x": 1, "y": "a secret of Ada"}, CONFIG)
    for key in redis.scan_iter(f"sc:{{g:{saver._graph}*", count=1000):
        assert b"secret of Ada" not in redis.dump(key)
    assert graph.get_state(CONFIG).values["y"] == "a secret of Ada"
    with pytest.raises(SealError, match="another"):
        other.get_tuple(CONFIG)


def test_the_erasure_of_a_user_reaches_the_threads(redis: redis_py.Redis, saver: RedisSaver) -> None:
    """A thread whose config names a user goes with that user's memory; other threads stay."""
    graph = _approval_graph(saver)
    for thread, user in (("a", "ada"), ("b", "ada"), ("c", "bob"), ("d", None)):
        of = {"thread_id": thread} | ({"user_id": user} if user else {})
        graph.invoke({"x": 1}, {"configurable": of})
    receipt = AgentMemory(redis, user="ada", namespace=saver._graph).erase()
    assert receipt.derived == {"graph threads": 2}
    left = {found.config["configurable"]["thread_id"] for found in saver.list(None)}
    assert left == {"c", "d"}
