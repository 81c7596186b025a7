#!/bin/bash
# The software bill of materials (CycloneDX 1.6) of what the image installs: sbom.sh WHEEL OUT.json
set -euo pipefail
wheel=$(realpath "$1")
out=$(realpath -m "$2")
cd "$(dirname "$0")/.."
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
uv=${UV:-.venv/bin/uv}
extras=$(sed -n "s/.*'\.\[\(.*\)\]'.*/\1/p" Dockerfile)
"$uv" venv -q "$environment"
"$uv" pip install -q --python "$environment/bin/python" -c constraints.txt "semcache[$extras] @ file://$wheel"
"$uv" tool run -q --from cyclonedx-bom==7.5.0 cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
  --output-reproducible -o "$out" "$environment/bin/python"
