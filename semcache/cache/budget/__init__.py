"""Learning which candidates may be served, within an error budget: the state of a scope and its updates (pure).

A scope keeps, shared by all processes:

- **rows**: two rings of 4,000 `pack_row(features, label)`, of what was compared and of what was served; every request
  that had a candidate gives one;
- **model**: the last `Model`, versioned; None until there are 100 labels with 20 right and 10 wrong ones. Only a
  better-informed one replaces it: where a fit has too few labels of a kind, the last one stays;
- **sums**: `Sums`, changed only by adding the fields of another `Sums` (HINCRBYFLOAT);
- **groups**: the answer group of each entry, a record (agreed, labels) of each group, and the evidence of pairs.

The shell around it:

1. Lookup: `deciding.decide(...)` with the model, the sums and a random number. It appends the evidence of a Hit as
   `pack_row(features, None)` and adds `served(evidence, sums)`. While `sums.novelty` says that the
   subject is a new one, what would be served is a shadow call.
2. Miss or shadow, once the new answer is there: `Votes.of(groups, verdicts)`, then `learn(...)`. The `Update` says
   what to append and add, and whether the subject has changed (`drifted`: keep the rows of the last
   `KEPT_AFTER_DRIFT` requests, refit now).
   The new entry joins the group `votes.joins`, or opens one of its own id; `votes.pairs()` names the pairs to read,
   `votes.merge(known)` what becomes of them.
3. When `fit_due(sums)`: one process, under a lease, reads rows and sums, calls `refit(rows, sums)`, stores the model
   (None: the last one stays) under the next version if the version is still the one it started from, and adds
   `after_fit(sums)`. The document frequencies (`evidence.Idf`) that all processes use are read anew with the model.
4. An exact repeat is answered anew for a share `FLOOR_SHARE` when its group has two entries or more; `floor_check`
   gives the sums to add. That measures the judge: the true answer is the same, so every 'different' is its error.
5. How often each question was served from another one's answer is counted and given to `decide` as `repeats`.
"""

from semcache.cache.budget.lessons import (
    FIT_EVERY,
    FLOOR_SHARE,
    KEPT_AFTER_DRIFT,
    NOVEL,
    CandidateEvidence,
    Update,
    after_fit,
    fit_due,
    floor_check,
    learn,
    refit,
    served,
    shadow_probability,
)
from semcache.cache.budget.rows import RING, ROW_BYTES, Rows, pack_row, unpack_rows
from semcache.cache.budget.sums import Sums

__all__ = [
    "FIT_EVERY",
    "FLOOR_SHARE",
    "KEPT_AFTER_DRIFT",
    "NOVEL",
    "RING",
    "ROW_BYTES",
    "CandidateEvidence",
    "Rows",
    "Sums",
    "Update",
    "after_fit",
    "fit_due",
    "floor_check",
    "learn",
    "pack_row",
    "refit",
    "served",
    "shadow_probability",
    "unpack_rows",
]
