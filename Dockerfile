# The server in an image of its own: built in one stage, run in another as a user without rights.
FROM node:22-bookworm-slim AS build
WORKDIR /src
# For the database driver, where there is no binary of it for this platform.
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
COPY . .
RUN npm ci && npm prune --omit=dev --ignore-scripts \
    && find packages -name "*.tsbuildinfo" -delete && rm -rf packages/*/src

FROM node:22-bookworm-slim
LABEL org.opencontainers.image.title="Isocenter" org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    ISOCENTER_DATA=/data \
    ISOCENTER_HTTP=0.0.0.0:8104 \
    ISOCENTER_DICOM=0.0.0.0:11112
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/packages ./packages
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8104 11112
# SIGTERM stops it in order: give it longer than its drainSeconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["node", "-e", "fetch('http://127.0.0.1:8104/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "packages/cli/bin/isocenter.mjs"]
CMD ["serve"]
