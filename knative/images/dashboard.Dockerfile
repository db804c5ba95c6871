# The dashboard: pages of Next.js on the public API alone. Build it at the root of the repository.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS pages
WORKDIR /build/functions/dashboard
COPY functions/dashboard/package.json functions/dashboard/package-lock.json ./
# By the hashes of the lock file, and without the scripts of packages.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY shared/contracts/openapi.yaml /build/shared/contracts/openapi.yaml
COPY functions/dashboard ./
ENV NEXT_TELEMETRY_DISABLED=1
RUN npm run schema && npm run build \
    && cp -r .next/static .next/standalone/.next/static

FROM ${BASE}
LABEL org.opencontainers.image.title="dashboard"
ENV NODE_ENV=production \
    NEXT_TELEMETRY_DISABLED=1 \
    KEEP_ALIVE_TIMEOUT=75000
WORKDIR /app
COPY --from=pages /build/functions/dashboard/.next/standalone /app
USER 10001:10001
CMD ["node", "--max-old-space-size=128", "server.js"]
