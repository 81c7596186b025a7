"""Bytes to text: UTF-8 with or without a mark, and the UTF-16 that spreadsheets write as "Unicode text"."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress

from semcache.errors import InvalidInput
from semcache.evals.reading.opening import Source

LONGEST_LINE = 16 * 2**20
"""Characters of a line, or bytes of a JSON string: what is longer is no log of questions, and would fill the memory."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """By its mark, or by the zeros that ASCII has in UTF-16; UTF-8 otherwise."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    start = head[:64]
    if len(start) >= 4 and not any(start[1::2]) and all(start[0::2]):
        return "utf-16-le"
    if len(start) >= 4 and not any(start[0::2]) and all(start[1::2]):
        return "utf-16-be"
    return "utf-8"


def lines(source: Source) -> Iterator[str]:
    """The lines with their ends: \\n, \\r\\n or \\r, and no other sign ends one.

    Raises:
        InvalidInput: the bytes are no text in that encoding, or a line is too long; the message names the line.
    """
    encoding = encoding_of(source.head())
    text = io.TextIOWrapper(source.stream, encoding=encoding, newline="" if _has_newline(source) else None)
    number = 0
    try:
        while line := text.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise too_long(f"{source.name}, line {number}")
            yield line
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{source.name}, line {number + 1} or soon after: not {encoding.upper()}; save the file as UTF-8"
        ) from error
    finally:
        with suppress(ValueError):  # whoever opened the file has closed it
            text.detach()


def too_long(place: str) -> InvalidInput:
    """The error for a line, or a text in it, that is longer than any question or answer."""
    return InvalidInput(
        f"{place} is longer than {LONGEST_LINE >> 20} MB; a log has one request a line, or a JSON array of them: is "
        "this the file you mean?"
    )


def _has_newline(source: Source) -> bool:
    """Whether \\n ends lines. Files of old spreadsheets have \\r alone; a \\r inside a cell of others is kept."""
    return b"\n" in source.head()
