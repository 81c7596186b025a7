# One image for the ingestor, the app and the command line.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py constraints.txt README.md LICENSE ./
COPY semcache semcache
COPY ingest ingest
COPY ui ui
RUN python -m venv /opt/semcache \
 && /opt/semcache/bin/pip install --no-cache-dir -c constraints.txt '.[kafka,ui,login,openai,server,mcp,otel]'

FROM python:3.12-slim
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
