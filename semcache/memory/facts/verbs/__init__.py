"""What verbs in the first person tell: "I moved to ...", "we sold ...", "I hate ..." (pure rules), by subject."""

from collections.abc import Callable

from semcache.memory.facts.reading import Said
from semcache.memory.facts.verbs import body, homes, likes, plans, things, work
from semcache.memory.facts.verbs.shared import Claims

HANDLERS: dict[str, Callable[[Said], Claims]] = {
    **homes.HANDLERS,
    **likes.HANDLERS,
    **body.HANDLERS,
    **plans.HANDLERS,
    **things.HANDLERS,
    **work.HANDLERS,
}
