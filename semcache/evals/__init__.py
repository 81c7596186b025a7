"""Measuring hit rates: a log read as a stream, replayed through a cache, and what came of it."""
