"""The vote of the entries near a question: which answer group they are for, and how clearly (pure)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from semcache.cache.entries.records import NearEntry

#: Width of the kernel that weighs neighbours by their cosine below the nearest one's.
KERNEL_WIDTH = 0.04


def elected(near: Sequence[NearEntry], *, standing: NearEntry | None = None) -> tuple[NearEntry, list[float]]:
    """The nearest entry of the group that the neighbours vote for, and the features NEIGHBOUR_FEATURES.

    `near`: best first and not empty. `standing`: the one that stands whatever they vote.
    """
    top = near[0].similarity
    weights: dict[str, float] = {}
    for entry in near:
        weights[entry.own_group] = weights.get(entry.own_group, 0.0) + math.exp((entry.similarity - top) / KERNEL_WIDTH)
    group = max(weights, key=weights.__getitem__) if standing is None else standing.own_group
    members = [at for at, entry in enumerate(near) if entry.own_group == group]
    candidate = near[members[0]] if standing is None else standing
    rival = next((entry.similarity for entry in near if entry.own_group != group), None)
    agreed, labels = candidate.record
    five = min(5, len(near))
    features = [
        candidate.similarity - (rival if rival is not None else near[-1].similarity - 0.1),
        sum([at < five for at in members]) / five,
        weights[group] / sum(weights.values()),
        math.log(len(members)),
        sum([entry.similarity for entry in near]) / len(near),
        near[members[1]].similarity if len(members) > 1 else 0.0,
        float(len(members) == 1),
        math.log((agreed + 2) / (labels - agreed + 1)),
        math.log(1 + labels),
    ]
    return candidate, features
