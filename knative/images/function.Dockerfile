# Every function, the migrations and the commands: one image, and two variables say which of them.
# Build it at the root of the repository; BASE is named by its digest where it counts.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
WORKDIR /app
COPY requirements.txt ./
# What the lock file does not know, or what would have to be compiled, stops the build.
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --no-compile --disable-pip-version-check \
        --require-hashes --only-binary=:all: --requirement requirements.txt \
    && .venv/bin/python -m pip uninstall --yes --quiet pip setuptools
COPY shared shared
COPY functions functions
# Compiled here, a pod that starts from zero compiles nothing; and nothing of it is looked at again.
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash .venv/lib shared functions

FROM ${BASE}
LABEL org.opencontainers.image.title="function"
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
# Owned by root: the user below reads it, and writes only what a pod mounts.
COPY --from=packages /app /app
# A number, or a pod that must not be root could not tell.
USER 10001:10001
CMD ["python", "-m", "shared.runtime.serve"]
