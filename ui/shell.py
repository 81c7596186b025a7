"""What every page stands in: errors become words, never a traceback."""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from semcache.errors import ConfigurationError, RedisUnavailable, SemcacheError
from semcache_ui import resources
from semcache_ui.parts import components
from semcache_ui.services.installation import Installation

_log = logging.getLogger("semcache.ui")


P = ParamSpec("P")


def run(page: Callable[[Installation], None]) -> None:
    """Renders a page with the installation; what goes wrong is told on the page, with the way to mend it."""
    shielded(lambda: page(resources.installation()))()


def shielded(part: Callable[P, None]) -> Callable[P, None]:
    """A page, or a part of one that is rendered by itself, in which errors become words."""

    @functools.wraps(part)
    def rendered(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            part(*args, **kwargs)
        except RedisUnavailable as error:
            components.server_down("Redis", str(error))
        except ConfigurationError as error:
            components.problem("Something has to be set up", str(error))
        except SemcacheError as error:
            components.problem("That did not work", str(error), again=True)
        except Exception:  # noqa: BLE001 -- the one place where a page renders
            code = uuid.uuid4().hex[:8]
            _log.exception("page failed, code %s", code)
            components.problem("Something went wrong here", f"The log has the details under {code}.", again=True)

    return rendered


def told(action: Callable[[], None]) -> None:
    """Runs what a button does; what goes wrong is told beside the page."""
    try:
        action()
    except SemcacheError as error:
        st.toast(components.plain(str(error)), icon=":material/error:")
