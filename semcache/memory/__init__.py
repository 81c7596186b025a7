"""The memory of an agent: what each user told it, and when."""

from semcache.memory.agent import AgentMemory
from semcache.memory.facts.reader import FactReader
from semcache.memory.facts.types import Fact
from semcache.memory.types import NewTurn, Recollection, State, Turn
from semcache.memory.writing.write import Plan, TurnWriter

__all__ = ["AgentMemory", "Fact", "FactReader", "NewTurn", "Plan", "Recollection", "State", "Turn", "TurnWriter"]
