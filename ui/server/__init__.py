"""The web server: its process, how it is started and what it is told."""
