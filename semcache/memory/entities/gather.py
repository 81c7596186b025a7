"""From mentions to entities: who is who, and which entity is mentioned where (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from semcache.memory.entities.mentions import kind_of
from semcache.memory.entities.types import Entity, Kind, Reading
from semcache.memory.facts.types import Fact

_NAMED = (Kind.PERSON, Kind.PLACE, Kind.ORGANISATION, Kind.PRODUCT, Kind.NAME)
_OFTEN = 5  # a text has to say what a name is of in one of so many mentions
_CALLED = 3  # of two readings of a name the one that is found so many times as often counts
_LEAST_SHARED = 3  # letters that a short form has in common with its long one
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
    kinds: Counter[Kind] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    turns: dict[str, None] = field(default_factory=dict)


def gather(readings: Sequence[Reading], facts: Sequence[Fact] = ()) -> list[Entity]:
    """The entities of turns, the most mentioned first. Speakers and relatives are known to be persons.

    `readings`: in order of time. The time taken grows with the mentions, not with their square.
    """
    persons = _persons(readings, facts)
    found: dict[tuple[str, str], _Found] = defaultdict(_Found)
    ordinary: Counter[str] = Counter()
    for reading in readings:
        ordinary.update(reading.words)
        for named in reading.named:
            kind = kind_of(named.kind, named.key, named.sure, named.start, persons)
            if kind is None:
                continue
            one = found[("name" if kind in _NAMED else kind.value, named.key)]
            one.kinds[kind] += 1
            one.forms[named.text] += 1
            one.turns[reading.turn] = None
    merged = _merged({place: one for place, one in found.items() if not _is_ordinary(place, one, ordinary)})
    values = _FactIndex(facts)
    entities = [_entity(one, values) for one in merged]
    return sorted(entities, key=lambda entity: (-entity.mentions, entity.name.lower()))


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


def _is_ordinary(place: tuple[str, str], one: _Found, ordinary: Counter[str]) -> bool:
    """Whether a word that was taken for a name is mostly written small: "Appreciate it" """
    group, key = place
    return group == "name" and ordinary[key] >= one.forms.total()


def _merged(found: dict[tuple[str, str], _Found]) -> list[_Found]:
    """Short forms joined to the one longer name that they can stand for."""
    names = {key: one for (group, key), one in found.items() if group == "name"}
    longer = _longer(names)
    target = {key: _stands_for(key, names, longer) for key in names}
    groups: dict[str, _Found] = {}
    for key, one in sorted(names.items(), key=lambda pair: -len(pair[0])):
        whole = target[key] or key
        whole = target.get(whole) or whole
        if whole == key and key not in groups:
            groups[key] = one
            continue
        into = groups.setdefault(whole, _Found())
        into.kinds.update(one.kinds)
        into.forms.update(one.forms)
        into.turns.update(one.turns)
    return [*groups.values(), *(one for (group, _), one in found.items() if group != "name")]


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
        other: names[other].forms.total()
        for other in dict.fromkeys(near)
        if other in names and other != key and _is_short_for(key, other, names) and not _is_called(key, other, names)
    }
    best = max(longer, key=longer.__getitem__, default="")
    return best if best and longer[best] >= _CALLED * (sum(longer.values()) - longer[best]) else ""


def _is_called(name: str, whole: str, names: dict[str, _Found]) -> bool:
    """Whether the first word of "woohoo melanie" is only said before the name."""
    if name not in names or whole.partition(" ")[2] != name:
        return False
    return names[name].forms.total() >= _CALLED * names[whole].forms.total()


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


def _entity(one: _Found, facts: _FactIndex) -> Entity:
    least = one.forms.total() / _OFTEN  # "at Harry Potter's" once in thirty mentions makes him no place
    sure = Counter({kind: n for kind, n in one.kinds.items() if kind is not Kind.NAME and n >= least}) or one.kinds
    kind = sure.most_common(1)[0][0]
    usual = [form for form in one.forms if one.forms[form.partition(" ")[2]] < _CALLED * one.forms[form]]
    name = max(usual, key=lambda form: (len(form) if kind is Kind.PERSON else 0, one.forms[form], form))
    aliases = tuple(sorted(form for form in one.forms if form != name))
    return Entity(kind, name, one.forms.total(), tuple(one.turns), facts.naming(one.forms), aliases)
