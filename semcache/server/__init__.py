"""The HTTP server: a proxy in front of OpenAI-compatible services, LangCache's API, and the memory of users.

`application.create` makes the ASGI application; `running.serve` runs it.
"""
