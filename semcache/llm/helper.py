"""Small tasks for a language model beside the answer itself: done in time, or left to rules."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from semcache.errors import InvalidInput, LlmRefused, Unavailable
from semcache.llm.protocol import Llm, LlmRequest

REST_S = 10.0
"""For so long after an outage nobody waits for the model again."""
_FENCE = re.compile(r"^\s*(?:.*</(?:think|thinking|reasoning)>)?\s*(?:```(?:json)?)?\s*|\s*```\s*$", re.DOTALL)
_log = logging.getLogger(__name__)
Form = TypeVar("Form", bound=BaseModel)


class Helper:
    """Asks a generative model for a short reply, once and within `timeout_s` seconds. Threads may share it.

    A model that is slow, away or refuses replies nothing: the caller goes on by rules. Once it was slow or away, it is
    not asked for `REST_S` seconds. A model that only quotes is never asked, and none is with `timeout_s` 0.
    """

    def __init__(self, llm: Llm, *, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._llm = llm
        self._timeout_s = timeout_s
        self._clock = clock
        self._rests_until = float("-inf")

    @property
    def there(self) -> bool:
        """Whether it may be asked at all, now."""
        return self._llm.generative and self._timeout_s > 0 and self._clock() >= self._rests_until

    def ask(self, request: LlmRequest, *, before_call: Callable[[], None]) -> str:
        """The whole reply; empty if there is none. `before_call` counts the call: if it raises, nothing is asked."""
        if not self.there:
            return ""
        try:
            before_call()
        except Unavailable:
            return ""
        try:
            completion = self._llm.answer(replace(request, within_s=self._timeout_s))
        except (LlmRefused, InvalidInput) as error:
            _log.warning("the language model does not help with this question: %s", error)
            return ""
        except Unavailable as error:
            self._rests_until = self._clock() + REST_S
            _log.warning("for %g s rules do without the language model: %s", REST_S, error)
            return ""
        return "" if completion.incomplete else completion.text.strip()


def read_json(reply: str, form: type[Form]) -> Form | None:
    """A reply in the form that was asked for, also behind reasoning or in a code fence; None if it is another."""
    try:
        return form.model_validate_json(_FENCE.sub("", reply))
    except ValidationError:
        return None
