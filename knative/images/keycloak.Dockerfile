# Keycloak, built ahead for the way we run it: a pod starts without building, on a root it cannot write.
# The component `keycloak` keeps its own small database (DATABASE=dev-file); all else is postgres.
ARG BASE=keycloak/keycloak:26.7.3

FROM ${BASE} AS built
ARG DATABASE=postgres
RUN /opt/keycloak/bin/kc.sh build --db="${DATABASE}" --health-enabled=true --metrics-enabled=true \
    --features-disabled=ciba,device-flow,impersonation,kerberos

FROM ${BASE}
LABEL org.opencontainers.image.title="keycloak"
COPY --from=built /opt/keycloak /opt/keycloak
USER 1000:0
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
CMD ["start", "--optimized"]
