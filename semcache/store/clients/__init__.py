"""Clients of one Redis, of Sentinel's primary and of a cluster, by one protocol; and the URLs that name them."""
