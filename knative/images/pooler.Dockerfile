# PgBouncer as Debian makes it; a stable Debian's is too old: before 1.25.1 it ran SQL before it asked
# for the password.
ARG BASE=debian:forky-slim

FROM ${BASE}
LABEL org.opencontainers.image.title="pooler"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends pgbouncer=1.25.* \
    && rm -rf /var/lib/apt/lists/* /etc/pgbouncer
USER 10001:10001
CMD ["pgbouncer", "/etc/pgbouncer/pgbouncer.ini"]
