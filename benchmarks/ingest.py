"""How fast the ingestor is: `python benchmarks/ingest.py --help`; the commands are in ingest_commands.py."""

import sys
from importlib import import_module
from pathlib import Path

# Run as a script, this folder comes first on the path, and this file would hide the package `ingest`.
here = Path(__file__).parent
sys.path[:1] = [str(here.parent)]
sys.path.append(str(here))
import_module("ingest_commands").main()
