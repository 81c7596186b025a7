"""From mentions to entities: who is who, and which entity is mentioned where (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from semcache.memory.entities.mentions import kind_of
from semcache.memory.entities.types import Entity, Kind, Reading
from semcache.memory.facts.types import Fact

_OF_A_NAME = frozenset({Kind.PERSON, Kind.PLACE, Kind.ORGANISATION, Kind.PRODUCT, Kind.NAME})
_OFTEN = 5  # a text has to say what a name is of in one of so many mentions
_CALLED = 3  # of two readings of a name the one that is found so many times as often counts
_LEAST_SHARED = 3  # letters that a short form has in common with its long one
_Key = str | tuple[str, str]  # of a name, or of what else is mentioned: its kind and key
_Members = tuple[tuple[_Key, int], ...]  # what an entity was made of, and how often each was mentioned
_NICKNAMES = dict(
    pair.split("-")
    for pair in (
        "bob-robert rob-robert bill-william will-william liz-elizabeth beth-elizabeth kate-katherine "
        "jim-james jack-john dick-richard rick-richard peggy-margaret meg-margaret maggie-margaret "
        "tony-anthony ted-edward ned-edward harry-henry chuck-charles charlie-charles nate-nathan "
        "mike-michael dave-david steve-steven jen-jennifer becky-rebecca sasha-alexandra lexi-alexandra "
    ).split()
)


@dataclass(slots=True)
class _Found:
    """What is mentioned: how often as what and in which form, and in which of the readings, by their places."""

    kinds: dict[str, int] = field(default_factory=dict)
    forms: dict[str, int] = field(default_factory=dict)
    places: dict[int, None] = field(default_factory=dict)
    total: int = 0

    def add(self, other: _Found) -> None:
        for counts, more in ((self.kinds, other.kinds), (self.forms, other.forms)):
            for name, count in more.items():
                counts[name] = counts.get(name, 0) + count
        self.places.update(other.places)
        self.total += other.total


class Gatherer:
    """Gathers entities, and again when readings were added: what was counted before is not counted anew.

    It remembers what the last call was given, and begins afresh unless that is the beginning of what it is given now.
    For one thread at a time.
    """

    def __init__(self) -> None:
        self._forget()

    def __len__(self) -> int:
        return len(self._readings)

    def _forget(self) -> None:
        self._readings: list[Reading] = []
        self._persons: frozenset[str] = frozenset()
        self._facts: tuple[Fact, ...] = ()
        self._names: dict[str, _Found] = {}
        self._others: dict[tuple[str, str], _Found] = {}
        self._ordinary: Counter[str] = Counter()
        self._made: dict[_Key, tuple[_Members, Entity]] = {}

    def __call__(self, readings: Sequence[Reading], facts: Sequence[Fact] = ()) -> list[Entity]:
        """The entities of turns, the most mentioned first. Speakers and relatives are known to be persons.

        `readings`: in order of time. The time taken grows with the mentions, not with their square.
        """
        self._take(list(readings), tuple(facts))
        # A word that was taken for a name may be mostly written small: "Appreciate it".
        names = {key: one for key, one in self._names.items() if self._ordinary[key] < one.total}
        groups = _merged(names)
        groups |= {key: [(key, one)] for key, one in self._others.items()}
        values, made = _FactIndex(facts), self._made
        self._made = {key: self._entity(made.get(key), members, values) for key, members in groups.items()}
        return sorted(
            (one for _, one in self._made.values()), key=lambda entity: (-entity.mentions, entity.name.lower())
        )

    def _take(self, readings: list[Reading], facts: tuple[Fact, ...]) -> None:
        persons, known = _persons(readings, facts), len(self._readings)
        if persons != self._persons or readings[:known] != self._readings:
            self._forget()
            self._persons, known = persons, 0
        if facts != self._facts:
            self._facts, self._made = facts, {}
        self._readings, added = readings, readings[known:]
        self._count(added, known)
        self._ordinary.update(" ".join([reading.words for reading in added]).split(" "))

    def _count(self, readings: Iterable[Reading], first: int) -> None:
        """Counts what is mentioned, as names by their keys, and the rest; `first`: the place of the first reading."""
        names, others, persons = self._names, self._others, self._persons
        for place, reading in enumerate(readings, first):
            for kind, text, key, sure, start in reading.named:
                of = kind if sure else kind_of(kind, key, start=start, persons=persons)
                if of is None:
                    continue
                one = names.get(key) if of in _OF_A_NAME else others.get((of, key))
                if one is None:
                    one = _Found()
                    if of in _OF_A_NAME:
                        names[key] = one
                    else:
                        others[of, key] = one
                one.kinds[of] = one.kinds.get(of, 0) + 1
                one.forms[text] = one.forms.get(text, 0) + 1
                one.places[place] = None
                one.total += 1

    def _entity(
        self, before: tuple[_Members, Entity] | None, found: list[tuple[_Key, _Found]], facts: _FactIndex
    ) -> tuple[_Members, Entity]:
        """What some mentions come to: as before, if none was added to them."""
        members = tuple([(key, one.total) for key, one in found])
        if before and before[0] == members:
            return before
        whole = found[0][1]
        if len(found) > 1:
            whole = _Found()
            for _, one in found:
                whole.add(one)
        return members, _entity(whole, self._readings, facts)


class _FactIndex:
    """Facts by the words of their values: a name is looked for only where its first word is."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._of: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for place, fact in enumerate(facts):
            value = f" {fact.value.lower().replace(',', ' ')} "
            for word in set(value.split()):
                self._of[word].append((place, fact.id, value))

    def naming(self, forms: Iterable[str]) -> tuple[str, ...]:
        """Ids of the facts whose value names any of the forms, in their order."""
        found = {
            (place, id)
            for form in map(str.lower, forms)
            for place, id, value in self._of.get(form.split(" ", maxsplit=1)[0], ())
            if f" {form} " in value
        }
        return tuple(id for _, id in sorted(found))


def _persons(readings: Iterable[Reading], facts: Iterable[Fact]) -> frozenset[str]:
    """First names that are persons': of speakers, the user, relatives."""
    names = list({reading.speaker for reading in readings if reading.speaker})
    for fact in facts:
        if fact.attribute in ("name", "family", "acquaintance", "pet"):
            names += [word.strip(",.") for word in fact.value.split() if word[:1].isupper()]
    return frozenset(name.split(" ")[0].lower() for name in names)


def _merged(names: dict[str, _Found]) -> dict[_Key, list[tuple[_Key, _Found]]]:
    """Names by the one longer name that they can stand for, with those that do."""
    longer = _longer(names)
    target = {key: _stands_for(key, names, longer) for key in names}
    groups: dict[_Key, list[tuple[_Key, _Found]]] = {}
    for key, one in sorted(names.items(), key=lambda pair: -len(pair[0])):
        whole = target[key] or key
        groups.setdefault(target.get(whole) or whole, []).append((key, one))
    return groups


def _longer(names: dict[str, _Found]) -> dict[str, list[str]]:
    """Names by what a short form of them shares: their first word, their last one, their first letters."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        words = name.split(" ")
        for shared in {f"{words[0]} ", f"{words[-1]} "} if len(words) > 1 else {name[:_LEAST_SHARED]}:
            found[shared].append(name)
    return found


def _stands_for(key: str, names: dict[str, _Found], longer_by: dict[str, list[str]]) -> str:
    """The longer name of "mel" ("melanie") or "roth" ("amelie roth"); '' if there is none, or no clear one.

    What is said before a name ("Woohoo Melanie") makes no other one of it.
    """
    called = key.partition(" ")[2]
    if _is_called(called, key, names):
        return called
    alike = () if " " in key else (*longer_by.get(f"{key} ", ()), *longer_by.get(key[:_LEAST_SHARED], ()))
    near = (*alike, _NICKNAMES.get(key, ""))
    longer = {
        other: names[other].total
        for other in dict.fromkeys(near)
        if other in names and other != key and _is_short_for(key, other, names) and not _is_called(key, other, names)
    }
    best = max(longer, key=longer.__getitem__, default="")
    return best if best and longer[best] >= _CALLED * (sum(longer.values()) - longer[best]) else ""


def _is_called(name: str, whole: str, names: dict[str, _Found]) -> bool:
    """Whether the first word of "woohoo melanie" is only said before the name."""
    if name not in names or whole.partition(" ")[2] != name:
        return False
    return names[name].total >= _CALLED * names[whole].total


def _is_short_for(short: str, long: str, names: dict[str, _Found]) -> bool:
    one, other = names[short], names[long]
    if Kind.PERSON not in one.kinds and Kind.PERSON not in other.kinds:
        return False
    if " " in long and " " not in short:
        return short in (long.split(" ", maxsplit=1)[0], long.rsplit(" ", maxsplit=1)[-1])
    if " " in short or " " in long or len(short) >= len(long):
        return _NICKNAMES.get(short) == long
    trimmed = short.rstrip("iey") if len(short.rstrip("iey")) >= _LEAST_SHARED else short
    return _NICKNAMES.get(short) == long or (len(trimmed) >= _LEAST_SHARED and long.startswith(trimmed))


def _entity(one: _Found, readings: Sequence[Reading], facts: _FactIndex) -> Entity:
    mentioned_in, naming = tuple([readings[place].turn for place in sorted(one.places)]), facts.naming(one.forms)
    if len(one.forms) == len(one.kinds) == 1:
        return Entity(Kind(next(iter(one.kinds))), next(iter(one.forms)), one.total, mentioned_in, naming)
    least = one.total / _OFTEN  # "at Harry Potter's" once in thirty mentions makes him no place
    sure = {kind: n for kind, n in one.kinds.items() if kind != Kind.NAME and n >= least} or one.kinds
    kind = Kind(max(sure, key=sure.__getitem__))
    usual = [form for form in one.forms if one.forms.get(form.partition(" ")[2], 0) < _CALLED * one.forms[form]]
    name = max(usual, key=lambda form: (len(form) if kind is Kind.PERSON else 0, one.forms[form], form))
    aliases = tuple(sorted(form for form in one.forms if form != name))
    return Entity(kind, name, one.total, mentioned_in, naming, aliases)
