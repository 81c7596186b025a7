"""redisvl's filter expressions as predicates (pure): a tree of `&` and `|` whose leaves are query texts.

    *   @tag:{a|b\\ c}   @tag:{pre*}   (-@tag:{x})   @n:[1 5]   @n:[(3 +inf]   (-@n:[5 5])   ismissing(@f)

Full text and places need a search index, so these leaves are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from semcache.errors import InvalidInput

Predicate = Callable[[Mapping[str, str]], bool]

_TAGS = re.compile(r"@(\w+):\{(.*)\}", re.DOTALL)
_RANGE = re.compile(r"@(\w+):\[(\(?)(\S+) (\(?)(\S+)\]")
_MISSING = re.compile(r"ismissing\(@(\w+)\)")
_NEGATED = re.compile(r"\(-(@.*)\)", re.DOTALL)
_FIELD = re.compile(r"@(\w+)")
_ALTERNATIVE = re.compile(r"(?:\\.|[^|\\])+", re.DOTALL)
_CHARACTER = re.compile(r"\\(.)|(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FilterableField:
    """A field that may be filtered by. A "tag" holds the values between its separators."""

    name: str
    type: str
    separator: str = ","
    case_sensitive: bool = False

    def tags(self, value: str) -> list[str]:
        """The tags of a stored value, as they are compared."""
        return [self.compared(tag.strip()) for tag in value.split(self.separator)]

    def compared(self, tag: str) -> str:
        return tag if self.case_sensitive else tag.lower()


def predicate(expression: Any, fields: Mapping[str, FilterableField]) -> Predicate:
    """What an expression (a `FilterExpression`, one leaf as a string, or None) wants of a record's fields.

    Raises:
        InvalidInput: it compares texts or places, a field that is not filterable, or with what its type has not.
    """
    if expression is None:
        return _everything
    if getattr(expression, "_operator", None) is None:
        return _leaf(str(expression).strip(), fields)
    left, right = predicate(expression._left, fields), predicate(expression._right, fields)
    if expression._operator.name == "AND":
        return lambda record: left(record) and right(record)
    return lambda record: left(record) or right(record)


def _everything(record: Mapping[str, str]) -> bool:
    return True


def _leaf(text: str, fields: Mapping[str, FilterableField]) -> Predicate:
    if text == "*":
        return _everything
    if negated := _NEGATED.fullmatch(text):
        inner = _leaf(negated[1], fields)
        return lambda record: not inner(record)
    if missing := _MISSING.fullmatch(text):
        name = _known(missing[1], fields).name
        return lambda record: name not in record
    if tags := _TAGS.fullmatch(text):
        return _tagged(_of_type(tags[1], "tag", fields), tags[2])
    if range := _RANGE.fullmatch(text):
        return _ranged(_of_type(range[1], "numeric", fields).name, *range.groups()[1:])
    named = _FIELD.search(text)
    raise InvalidInput(
        f"the filter {text!r} needs a search index: filter by Tag and Num"
        + (f", not by the text or place {named[1]}" if named else "")
    )


def _known(name: str, fields: Mapping[str, FilterableField]) -> FilterableField:
    if name not in fields:
        raise InvalidInput(f"Unknown field {name!r} in a filter: name it in filterable_fields")
    return fields[name]


def _of_type(name: str, type: str, fields: Mapping[str, FilterableField]) -> FilterableField:
    field = _known(name, fields)
    if field.type != type:
        raise InvalidInput(f"the field {name!r} is of type {field.type}, so it cannot be filtered as {type}")
    return field


def _tagged(field: FilterableField, alternatives: str) -> Predicate:
    patterns = [_pattern(field.compared(text)) for text in _ALTERNATIVE.findall(alternatives)]

    def matches(record: Mapping[str, str]) -> bool:
        tags = field.tags(record[field.name]) if field.name in record else []
        return any(pattern.fullmatch(tag) for pattern in patterns for tag in tags)

    return matches


def _pattern(alternative: str) -> re.Pattern[str]:
    """A tag as it is escaped in a query: `\\x` is the character x, `*` any number of characters."""
    pieces = (
        re.escape(escaped or plain) if escaped or plain != "*" else ".*"
        for escaped, plain in _CHARACTER.findall(alternative.strip())
    )
    return re.compile("".join(pieces), re.DOTALL)


def _ranged(name: str, above: str, low: str, below: str, high: str) -> Predicate:
    try:
        least, most = float(low), float(high)
    except ValueError as error:
        raise InvalidInput(f"the filter of {name!r} has no numbers: {low!r}, {high!r}") from error

    def lies(record: Mapping[str, str]) -> bool:
        value = _number(record.get(name))
        if value is None:
            return False
        return (value > least if above else value >= least) and (value < most if below else value <= most)

    return lies


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
