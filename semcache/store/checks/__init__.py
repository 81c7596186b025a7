"""Whether what is stored is whole: invariants over all keys, found by SCAN, also while writers run."""

from semcache.store.checks.diff import Comparison, Difference, compare
from semcache.store.checks.finding import Finding
from semcache.store.checks.run import check_data, count_keys

__all__ = ["Comparison", "Difference", "Finding", "check_data", "compare", "count_keys"]
