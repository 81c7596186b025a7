"""A stream of questions whose right answers are known: a help desk asked in many words about many things."""

from __future__ import annotations

import random

VERBS = "change cancel find print export delete share renew track return archive".split()
THINGS = (
    "delivery address|gift card|monthly invoice|customer account|travel booking|phone contract|parking permit|"
    "insurance policy|course certificate|theatre ticket|data backup|team calendar"
).split("|")
FORMS = (
    "How do I {verb} my {thing}?",
    "How can I {verb} the {thing}?",
    "I want to {verb} my {thing}, how does that work?",
    "What is the way to {verb} a {thing}?",
    "Please tell me how to {verb} my {thing}",
    "{thing}: how to {verb} it?",
    "Where can I {verb} my {thing} in the portal?",
    "Is it possible to {verb} the {thing} myself, and how?",
)


def requests(count: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """(question, right answer), some topics asked more often than others."""
    rng = random.Random(seed)
    topics = [(verb, thing) for verb in VERBS for thing in THINGS]
    rng.shuffle(topics)
    weights = [1 / (rank + 5) for rank in range(len(topics))]
    chosen = rng.choices(topics, weights, k=count)
    return [
        (rng.choice(FORMS).format(verb=verb, thing=thing), f"To {verb} the {thing}, open its page and press {verb}.")
        for verb, thing in chosen
    ]
