# What `make run` starts, for whoever has Docker and no Python: see compose.yaml.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE}
LABEL org.opencontainers.image.title="local"
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    DATA_DIR=/data/pay
WORKDIR /app
COPY requirements.txt ./
COPY knative/local/requirements.txt knative/local/
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --requirement knative/local/requirements.txt
COPY . .
# Data, and what is fetched and built once: Keycloak and the dashboard.
RUN mkdir /data .cache && chown 10001:10001 /data .cache
USER 10001:10001
CMD ["python", "-m", "knative.local"]
