"""The HTTP server, by the clients that people use."""
