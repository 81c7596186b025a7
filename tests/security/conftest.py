"""What docs/security.md says about permissions, as data."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def redis_rules() -> list[str]:
    """The arguments of the ACL SETUSER line of the page, after the user's name."""
    block = re.search(r"^```redis\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert block
    words = block[1].replace("\\\n", " ").split()
    assert words[:3] == ["ACL", "SETUSER", "semcache"]
    return words[3:]


def kafka_rules(who: str) -> list[tuple[str, str, str, str]]:
    """Resource, name, pattern and operation of each row of the page's table for a principal."""
    rows = re.findall(r"^\| (\w+) \| (\w+) \| `([^`]+)` \| (\w+) \| (\w+) \|$", PAGE.read_text(), re.M)
    return [(resource, name, pattern, operation) for whom, resource, name, pattern, operation in rows if whom == who]
