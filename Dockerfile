# One image for the ingestor, the server, the app and the command line. What it installs is pinned by hash in
# constraints.txt (uv checks them), the base image by digest.
FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py constraints.txt README.md LICENSE ./
COPY semcache semcache
COPY ingest ingest
COPY ui ui
RUN pip install --no-cache-dir uv==0.13.9 \
 && uv venv /opt/semcache \
 && uv pip install --no-cache --python /opt/semcache/bin/python -c constraints.txt '.[kafka,ui,login,openai,server,mcp,otel]'

FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea
RUN useradd --create-home --uid 10001 semcache \
 && mkdir -p /models \
 && chown semcache /models
COPY --from=build /opt/semcache /opt/semcache
ENV PATH=/opt/semcache/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SEMCACHE_MODEL_DIR=/models
USER semcache
WORKDIR /home/semcache
VOLUME /models
CMD ["semcache", "--help"]
