"""What a checkpointer reads in a graph's config, and the config of a checkpoint."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig

from semcache.adapters.langgraph.records import Place

USER_KEY = "user_id"


def thread_id(config: RunnableConfig) -> str:
    return str(config["configurable"]["thread_id"])


def namespace_of(config: RunnableConfig) -> str | None:
    """The namespace that the config names; None if it names none, which reads '' or, in `list`, all."""
    found = config["configurable"].get("checkpoint_ns")
    return None if found is None else str(found)


def user_of(config: RunnableConfig) -> str | None:
    user = config["configurable"].get(USER_KEY)
    return None if user is None or user == "" else str(user)


def config_of(thread: str, place: Place) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread,
            "checkpoint_ns": place.namespace,
            "checkpoint_id": place.checkpoint,
        }
    }
