"""Times as people write them: 2026-11-23, 2026-11-23T10:00Z, or 2h for two hours ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from semcache.errors import InvalidInput

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_of(text: str, now: datetime) -> datetime:
    """The time meant; without a zone it is this machine's.

    Raises:
        InvalidInput: it is neither a time nor a duration.
    """
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{text!r} is neither a time (2026-11-23T10:00Z) nor a duration (2h)") from None
    return moment if moment.tzinfo else moment.astimezone()
