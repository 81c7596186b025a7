"""The server's process: loads what the pages need, then serves, so that the first visitor does not wait for it."""

from __future__ import annotations

import sys


def main() -> None:
    """`python -m semcache_ui.server.serve run app.py --server.port ...`: the arguments of `streamlit`."""
    import altair  # noqa: F401
    import pandas  # noqa: F401
    from streamlit.web import cli

    from semcache_ui.parts import answers, editing, sidebar  # noqa: F401

    sys.argv[0] = "streamlit"
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
