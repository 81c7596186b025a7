"""Filter: an expression over the fields of an event says which events pass."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from semcache.errors import ConfigurationError
from semcache.settings import Settings
from semcache_ingest.events import Event

Fields = Mapping[str, Any]
Predicate = Callable[[Fields], Any]

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: b is not None and a in b,
    ast.NotIn: lambda a, b: b is None or a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": lambda value: len(value or ""),
    "lower": lambda value: str(value or "").lower(),
    "startswith": lambda value, prefix: str(value or "").startswith(prefix),
    "endswith": lambda value, suffix: str(value or "").endswith(suffix),
    "matches": lambda value, pattern: re.search(pattern, str(value or "")) is not None,
}


class Filter:
    """The processor `filter`: events for which `ingest.filter` holds pass, the others are dropped."""

    def __init__(self, settings: Settings) -> None:
        if not settings.ingest.filter.strip():
            raise ConfigurationError("the processor `filter` needs an expression: SEMCACHE_INGEST_FILTER")
        self._holds = compile_expression(settings.ingest.filter)

    def __call__(self, event: Event) -> Event | None:
        return event if self._holds(event.model_dump()) else None


def compile_expression(text: str) -> Predicate:
    """A function of an event's fields from an expression like `role == 'user' and len(text) > 3`.

    Names are fields (None where an event has none), `a.b` reaches into an object. Comparisons, `in`, `and`, `or`,
    `not`, literals, and the functions len, lower, startswith, endswith and matches (a regular expression).

    Raises:
        ConfigurationError: the expression is wrong, or uses anything else.
    """
    try:
        return _compile(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise ConfigurationError(f"ingest.filter {text!r}: {error.msg}") from None


def _compile(node: ast.expr) -> Predicate:
    match node:
        case ast.Constant(value=value):
            return lambda _: value
        case ast.Name(id=name):
            return lambda fields: fields.get(name)
        case ast.Attribute(value=inner, attr=name):
            return _member(_compile(inner), name)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return _all_of(elements)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inside = _compile(operand)
            return lambda fields: not inside(fields)
        case ast.BoolOp(op=op, values=values):
            parts, combine = [_compile(value) for value in values], all if isinstance(op, ast.And) else any
            return lambda fields: combine(part(fields) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _comparison(left, ops, comparators)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            function, given = _FUNCTIONS[name], [_compile(argument) for argument in arguments]
            return lambda fields: function(*(argument(fields) for argument in given))
    raise ConfigurationError(f"ingest.filter: {ast.unparse(node)!r} is not understood")


def _member(inner: Predicate, name: str) -> Predicate:
    def get(fields: Fields) -> Any:
        value = inner(fields)
        return value.get(name) if isinstance(value, Mapping) else None

    return get


def _all_of(elements: list[ast.expr]) -> Predicate:
    parts = [_compile(element) for element in elements]
    return lambda fields: [part(fields) for part in parts]


def _comparison(left: ast.expr, ops: list[ast.cmpop], comparators: list[ast.expr]) -> Predicate:
    parts = [_compile(part) for part in (left, *comparators)]
    compare = [_COMPARE[type(op)] for op in ops]

    def holds(fields: Fields) -> bool:
        values = [part(fields) for part in parts]
        return all(_ordered(test, a, b) for test, a, b in zip(compare, values[:-1], values[1:], strict=True))

    return holds


def _ordered(test: Callable[[Any, Any], bool], a: Any, b: Any) -> bool:
    """What cannot be compared, such as a missing field and a number, does not hold."""
    try:
        return test(a, b)
    except TypeError:
        return False
