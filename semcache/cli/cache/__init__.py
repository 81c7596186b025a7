"""The commands of `semcache cache`, and how a scope is named on the command line."""

from semcache.cli.cache.commands import register

__all__ = ["register"]
