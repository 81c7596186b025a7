"""What verbs in the first person tell: "I moved to ...", "we sold ...", "I hate ..." (pure rules), by subject."""

from collections.abc import Callable

from semcache.memory.facts.rules.reading import Said
from semcache.memory.facts.rules.verbs import habits, homes, things, work
from semcache.memory.facts.rules.verbs.shared import Claims

HANDLERS: dict[str, Callable[[Said], Claims]] = {
    **habits.HANDLERS,
    **homes.HANDLERS,
    **things.HANDLERS,
    **work.HANDLERS,
}
