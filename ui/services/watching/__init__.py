"""How the servers, the cache and the ingestor are, now and since the app is open."""
