"""Passages of a knowledge base as documents, and a user's memory as a tool."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import ConfigDict

from semcache.knowledge import KnowledgeBase
from semcache.memory import AgentMemory


class SemcacheRetriever(BaseRetriever):
    """The `k` passages of a knowledge base that are nearest to a query, best first."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    knowledge: KnowledgeBase
    k: int = 5

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [
            Document(
                page_content=found.text,
                id=found.chunk_id,
                metadata={
                    "source": found.document,
                    "title": found.title,
                    "version": found.version,
                    "score": found.score,
                },
            )
            for found in self.knowledge.search(query, k=self.k)
        ]


def memory_tool(memory: AgentMemory, *, k: int = 5) -> BaseTool:
    """A tool that recalls what the memory's user has said; whose memory it is cannot be chosen by the model."""

    def recall(query: str) -> str:
        found = memory.recall(query, k=k)
        return "\n".join(f"- {each.turn.text}" for each in found) or "Nothing is known about that."

    return StructuredTool.from_function(
        recall, name="recall", description="What the user has said before about a subject, most relevant first."
    )
