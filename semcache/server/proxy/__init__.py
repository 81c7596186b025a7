"""The proxy for the OpenAI API: what a request says about caching, where it is passed to, how a stored answer looks."""
