"""A LangGraph conversation that goes on after a restart: its thread is in Redis, for a day after its last turn.

semcache up -d
OPENAI_API_KEY=... python examples/langgraph_app.py ada
"""

from __future__ import annotations

import sys
from typing import Any

from langgraph.graph import START, MessagesState, StateGraph
from openai import OpenAI

from semcache.adapters.langgraph import RedisSaver
from semcache.settings import load_settings


def answer(state: MessagesState) -> dict[str, Any]:
    roles = {"human": "user", "ai": "assistant"}
    asked: Any = [{"role": roles[message.type], "content": message.content} for message in state["messages"]]
    said = OpenAI().chat.completions.create(model="gpt-5-mini", messages=asked)
    return {"messages": [("assistant", said.choices[0].message.content)]}


def main() -> None:
    user = sys.argv[1] if len(sys.argv) > 1 else "ada"
    config: Any = {"configurable": {"thread_id": f"example-{user}", "user_id": user}}
    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    with RedisSaver.from_conn_string(load_settings().redis.url, ttl={"default_ttl": 60 * 24}) as saver:
        graph = builder.compile(checkpointer=saver)
        graph.invoke({"messages": [("user", "My bike is a Brompton.")]}, config)
        found = graph.invoke({"messages": [("user", "Which bike do I have?")]}, config)
        print(f"{len(found['messages'])} messages, the last: {found['messages'][-1].content}")


if __name__ == "__main__":
    main()
