"""LongMemEval's, BEAM's and LoCoMo's questions with the turns that answer them, as talks to remember.

LongMemEval's evidence comes without the rest of its sessions: for each question a haystack of 50 sessions is made of
its evidence, sessions of a whole history, and evidence of other questions (seeded), each as long before the question as
before its own. "pooled": sessions as they are; "flat": every turn a session of its own, so that no part of a score
that looks at neighbours can help or hurt anyone.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import locomo_data

from semcache.memory.types import turn_id

_SESSIONS = 50
_FROM_HISTORY = 40
_WEEKDAY = re.compile(r" \(\w+\)")
_ASKED = re.compile(r"^\[(.*?)\]")
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a talk. `id`: unique within it; `at`: s since the epoch."""

    id: str
    role: str
    text: str
    at: float
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, when it is asked, and the turns, by id, that answer it."""

    text: str
    kind: str
    at: float
    evidence: frozenset[str]


@dataclass(frozen=True, slots=True)
class Talk:
    """Sessions that are remembered together, and what is asked about them."""

    name: str
    sessions: tuple[tuple[Said, ...], ...]
    probes: tuple[Probe, ...]


def read_json(path: Path) -> Any:
    """A JSON file, gzipped or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return json.load(file)


def longmemeval(path: Path, *, seed: int, flat: bool) -> Iterator[Talk]:
    """One talk for each question of a file of `longmemeval-evidence-turns/1`."""
    stored = read_json(path)
    histories = [_history(place, entry) for place, entry in enumerate(stored["haystacks"])]
    questions = [_question(entry) for entry in stored["questions"]]
    for name, probe, evidence in questions:
        rng = random.Random(f"{seed}:{name}")
        asked_at, history = rng.choice(histories)
        own = {said.text for session in evidence for said in session}
        others = [
            _moved(session, probe.at - other.at)
            for id, other, theirs in questions
            for session in theirs
            if id != name and own.isdisjoint(said.text for said in session)
        ]
        chosen = [_moved(s, probe.at - asked_at) for s in rng.sample(history, min(_FROM_HISTORY, len(history)))]
        wanted = min(max(_SESSIONS - len(chosen) - len(evidence), 0), len(others))
        chosen += [*rng.sample(others, wanted), *evidence]
        ordered = sorted(chosen, key=lambda session: session[0].at)
        sessions = [(said,) for session in ordered for said in session] if flat else ordered
        yield Talk(name, tuple(sessions), (_asked_after(probe, evidence),))


def _asked_after(probe: Probe, evidence: Sequence[Sequence[Said]]) -> Probe:
    """Some of its questions have a time before that of their evidence, of the same day: they are asked after it."""
    told = max(said.at for session in evidence for said in session)
    return replace(probe, at=max(probe.at, told + 1))


def beam(path: Path) -> Iterator[Talk]:
    """One talk for each chat of a BEAM file; questions without evidence are left out."""
    for chat in read_json(path)["chats"]:
        at, sessions = 0.0, []
        for entry in chat["sessions"]:
            at = _anchor(entry.get("time_anchor"), at + _DAY_S)
            sessions.append(
                tuple(
                    Said(str(turn["id"]), turn["role"], turn["content"], at + second)
                    for second, turn in enumerate(entry["turns"])
                    if turn["content"].strip()
                )
            )
        known = {said.id for session in sessions for said in session}
        end = max(said.at for session in sessions for said in session) + _DAY_S
        found = [(q, known & {str(id) for id in q["evidence"]}) for q in chat["questions"]]
        probes = [Probe(q["question"], q["type"], end, frozenset(ids)) for q, ids in found if ids]
        yield Talk(f"beam-{chat['chat']}", tuple(s for s in sessions if s), tuple(probes))


def locomo(path: Path) -> Iterator[Talk]:
    """One talk for each conversation of a LoCoMo file."""
    for talk in locomo_data.read(path):
        sessions: dict[str, list[Said]] = {}
        names: dict[str, str] = {}
        for event in talk.events:
            at = datetime.fromisoformat(event["at"]).timestamp()
            said = Said(event["id"], event["role"], event["text"], at, event["speaker"])
            sessions.setdefault(event["session"], []).append(said)
            names[turn_id(said.id)] = said.id
        probes = [
            Probe(asked.text, str(asked.category), talk.asked_at, frozenset(names[id] for id in asked.evidence))
            for asked in talk.questions
        ]
        yield Talk(talk.name, tuple(map(tuple, sessions.values())), tuple(probes))


def _history(place: int, entry: Mapping[str, Any]) -> tuple[float, list[tuple[Said, ...]]]:
    """When a history's own question is asked, and its sessions."""
    asked = _ASKED.match(entry["query"])
    sessions = [_session(f"history-{place}/{n}", one) for n, one in enumerate(entry["sessions"])]
    found = [session for session in sessions if session]
    return (_time(asked[1]) if asked else max(session[-1].at for session in found) + _DAY_S), found


def _question(entry: Mapping[str, Any]) -> tuple[str, Probe, list[tuple[Said, ...]]]:
    name = entry["question_id"]
    evidence = [_session(f"{name}/{n}", one) for n, one in enumerate(entry["evidence"])]
    ids = frozenset(said.id for session in evidence for said in session)
    probe = Probe(entry["question"], entry["question_type"], _time(entry["question_date"]), ids)
    return name, probe, [session for session in evidence if session]


def _session(name: str, entry: Mapping[str, Any]) -> tuple[Said, ...]:
    at = _time(entry["date"])
    spoken = [turn for turn in entry["turns"] if turn["content"].strip()]
    return tuple(Said(f"{name}/{n}", turn["role"], turn["content"], at + n) for n, turn in enumerate(spoken))


def _moved(session: Sequence[Said], by_s: float) -> tuple[Said, ...]:
    return tuple(replace(said, at=said.at + by_s) for said in session)


def _time(text: str) -> float:
    plain = _WEEKDAY.sub("", text).replace("/", "-")
    return datetime.fromisoformat(plain).replace(tzinfo=UTC).timestamp()


def _anchor(text: str | None, otherwise: float) -> float:
    return datetime.strptime(text, "%B-%d-%Y").replace(tzinfo=UTC).timestamp() if text else otherwise
