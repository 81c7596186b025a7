"""Requests of the OpenAI API as a cache sees them (pure): may their answer be served, and what tells them apart."""

from semcache.llm.requests.answers import may_keep
from semcache.llm.requests.body import Endpoint
from semcache.llm.requests.parts import context_of, digest_of, owner_of, question_of, scope_of
from semcache.llm.requests.rules import Exact, Never, Semantic, Verdict, may_serve

__all__ = [
    "Endpoint",
    "Exact",
    "Never",
    "Semantic",
    "Verdict",
    "context_of",
    "digest_of",
    "may_keep",
    "may_serve",
    "owner_of",
    "question_of",
    "scope_of",
]
