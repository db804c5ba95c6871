"""Renders the configuration of the local gateway, a real Envoy, from the routes of production.

Ports and the log folder are `${NAME}` placeholders, filled by `string.Template`. What no route
names, an unknown path or another method, goes to the same function as in production: its wrapper
answers 404, or 405 with Allow, in the caller's language with a request id of ours. Envoy answers by
itself only what it cannot or may not pass on; `gateway_errors` gives those answers our shape.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.contract import Route
from knative.render.gateway_errors import local_replies
from knative.render.routes import FALLBACK_FUNCTION
from knative.render.text import HEADER, yaml_text

MAX_REQUEST_BYTES: Final = 1024 * 1024
LARGER_REQUESTS: Final = {
    "create_payout_batch": 4 * 1024 * 1024,
    "upload_statement": 6 * 1024 * 1024,
    "create_file": 10_000_000 + 64 * 1024,
}
"""Operations whose body may be larger than others', in bytes; the function has the same bound."""
ROUTE_TIMEOUT: Final = "90s"
# Below the servers' own keep-alive, so that it is always the gateway that ends an idle connection.
UPSTREAM_IDLE_TIMEOUT: Final = "60s"
DASHBOARD: Final = "dashboard"
_HTTP: Final = "type.googleapis.com/envoy.extensions.filters.http"
_HEADER: Final = HEADER + (
    "# Placeholders: GATEWAY_PORT, ADMIN_PORT, READY_PORT, DASHBOARD_PORT, BASE_URL, LOG_DIR and"
    " PORT_<function>.\n"
)
# A caller could claim another address by these, or change time-outs and retries.
_UNTRUSTED_HEADERS: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-max-retries",
    "x-envoy-original-path",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-ms",
)


def render_envoy(entries: tuple[FunctionEntry, ...], routes: tuple[Route, ...]) -> str:
    """Return Envoy's static configuration with its placeholders."""
    reached = [entry for entry in entries if entry.serves_operations or entry.door_prefixes]
    clusters = [_cluster(entry.name, f"PORT_{entry.name}") for entry in reached]
    return yaml_text(
        [
            {
                "admin": {"address": _address("ADMIN_PORT")},
                "overload_manager": _connection_limit(),
                "static_resources": {
                    "listeners": [_listener(list(_virtual_host_routes(reached, routes)))],
                    "clusters": [
                        *clusters,
                        _cluster("ready", "READY_PORT"),
                        _cluster(DASHBOARD, "DASHBOARD_PORT"),
                    ],
                },
            }
        ],
        header=_HEADER,
    )


def _address(port: str) -> Mapping[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": f"${{{port}}}"}}


def _connection_limit() -> Mapping[str, Any]:
    name = "envoy.resource_monitors.global_downstream_max_connections"
    kind = (
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    )
    limit = {"@type": f"type.googleapis.com/{kind}", "max_active_downstream_connections": 4096}
    return {"resource_monitors": [{"name": name, "typed_config": limit}]}


def _listener(routes: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network."
        "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gateway",
        "server_name": "gateway",
        "codec_type": "AUTO",
        **_request_limits(),
        **_trust(),
        "access_log": [_access_log()],
        "local_reply_config": local_replies(),
        "route_config": {
            "name": "operations",
            "request_headers_to_add": [_client_address()],
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.buffer",
                "typed_config": {
                    "@type": f"{_HTTP}.buffer.v3.Buffer",
                    "max_request_bytes": MAX_REQUEST_BYTES,
                },
            },
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{_HTTP}.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            },
        ],
    }
    return {
        "name": "gateway",
        "address": _address("GATEWAY_PORT"),
        "per_connection_buffer_limit_bytes": MAX_REQUEST_BYTES,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }
                ]
            }
        ],
    }


def _request_limits() -> Mapping[str, Any]:
    return {
        # Old clients and proxies speak it still; the name stands in for a missing Host.
        "http_protocol_options": {
            "accept_http_10": True,
            "default_host_for_http_10": "gateway",
        },
        "max_request_headers_kb": 32,
        "request_headers_timeout": "10s",
        "request_timeout": "60s",
        "stream_idle_timeout": ROUTE_TIMEOUT,
        "drain_timeout": "5s",
        "common_http_protocol_options": {
            "idle_timeout": "120s",
            "max_headers_count": 100,
            # Dropped, not refused: an operator's callback must not fail for a header of its proxy.
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "normalize_path": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
    }


def _trust() -> Mapping[str, Any]:
    """Believe nothing that a caller says about where it comes from."""
    kind = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return {
        "use_remote_address": True,
        "xff_num_trusted_hops": 0,
        "skip_xff_append": True,
        "early_header_mutation_extensions": [
            {
                "name": "envoy.http.early_header_mutation.header_mutation",
                "typed_config": {
                    "@type": f"type.googleapis.com/{kind}",
                    "mutations": [{"remove": name} for name in _UNTRUSTED_HEADERS],
                },
            }
        ],
    }


def _client_address() -> Mapping[str, Any]:
    """Say where a caller is. What Envoy would append for loopback is an address of the machine."""
    return {
        "header": {"key": "x-forwarded-for", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _access_log() -> Mapping[str, Any]:
    """One JSON line per request, by operation: a path may hold a callback's token."""
    fields = {
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "operation": "%ROUTE_NAME%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "request_id": "%RESP(REQUEST-ID)%",
    }
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": "${LOG_DIR}/gateway_requests.log",
            "log_format": {"json_format": fields},
        },
    }


def _virtual_host_routes(
    reached: list[FunctionEntry], routes: tuple[Route, ...]
) -> Iterator[Mapping[str, Any]]:
    """Yield the routes in the order in which Envoy tries them."""
    yield {
        "name": "trace",
        "match": {"prefix": "/", "headers": [_method_matcher("TRACE")]},
        "direct_response": {"status": 405},
    }
    streaming = {entry.name for entry in reached if entry.is_streaming}
    for route in routes:
        matched = {"safe_regex": {"regex": route.path_regex}}
        path = matched if route.is_template else {"path": route.path}
        method = "GET|HEAD" if route.method == "GET" else route.method
        match = {**path, "headers": [_method_matcher(method)]}
        if route.function in streaming:
            yield _streamed(route.operation_id, route.function, match)
            continue
        yield {
            **_to(route.operation_id, route.function, match),
            **_larger(LARGER_REQUESTS.get(route.operation_id)),
        }
    yield _to("readyz", "ready", {"path": "/readyz", "headers": [_method_matcher("GET|HEAD")]})
    for entry in reached:
        for prefix in entry.door_prefixes:
            yield _to(entry.name, entry.name, {"path_separated_prefix": prefix})
    reads = [_method_matcher("GET|HEAD")]
    yield {
        "name": "root",
        "match": {"path": "/", "headers": reads},
        # Not Envoy's own redirect or location, which would repeat the caller's host and query.
        "direct_response": {"status": 302},
        "response_headers_to_add": [
            {
                "header": {"key": "location", "value": f"/{DASHBOARD}"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }
    yield _to(DASHBOARD, DASHBOARD, {"path_separated_prefix": f"/{DASHBOARD}", "headers": reads})
    yield _to("unknown", FALLBACK_FUNCTION, {"prefix": "/"})


def _streamed(name: str, cluster: str, match: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lead to what answers for ever, WebSockets too; one where nothing flows ends as any other."""
    plain = _to(name, cluster, match)
    kind = f"{_HTTP}.buffer.v3.BufferPerRoute"
    return {
        **plain,
        "route": {
            **plain["route"],
            "timeout": "0s",
            "upgrade_configs": [{"upgrade_type": "websocket"}],
        },
        # A handshake has no end that could be waited for.
        "typed_per_filter_config": {"envoy.filters.http.buffer": {"@type": kind, "disabled": True}},
    }


def _larger(most: int | None) -> Mapping[str, Any]:
    if most is None:
        return {}
    kind = f"{_HTTP}.buffer.v3.BufferPerRoute"
    buffer = {"@type": kind, "buffer": {"max_request_bytes": most}}
    return {"typed_per_filter_config": {"envoy.filters.http.buffer": buffer}}


def _method_matcher(methods: str) -> Mapping[str, Any]:
    if "|" in methods:
        return {"name": ":method", "string_match": {"safe_regex": {"regex": methods}}}
    return {"name": ":method", "string_match": {"exact": methods}}


def _to(name: str, cluster: str, match: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "name": name,
        "match": match,
        "route": {
            "cluster": cluster,
            "timeout": ROUTE_TIMEOUT,
            # Nothing is sent twice: the answer may be lost where the effect is not.
            "retry_policy": {"num_retries": 0},
        },
    }


def _cluster(name: str, port: str) -> Mapping[str, Any]:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
        },
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "common_http_protocol_options": {"idle_timeout": UPSTREAM_IDLE_TIMEOUT},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }
