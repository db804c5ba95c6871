"""A provider that knows arguments and nothing else: `schema_provider.py SCHEMA`.

Terraform starts it as it starts any provider and asks for the schema; with a mocked provider it
asks for nothing more. So init, validate and test hold every resource, argument, block, reference
and type against the schema, though the provider itself cannot be had.
"""

import base64
import datetime as dt
import ipaddress
import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# Not a secret: Terraform says it, so that nobody starts a provider by hand.
_COOKIE: Final = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
_SERVICE: Final = "/tfplugin6.Provider/"
_SINGLE: Final = 1
_LIST: Final = 2


def encode(schema: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the answer to GetProviderSchema, in the wire format of protocol buffers."""
    answer = _bytes(1, _schema(schema["provider"].get("provider", {})))
    for field, kind in ((2, "resources"), (3, "data-sources")):
        for name, block in schema[kind].items():
            answer += _bytes(field, _bytes(1, name.encode()) + _bytes(2, _schema(block)))
    return answer


def _schema(block: Mapping[str, Any]) -> bytes:
    return _bytes(2, _block(block))


def _block(block: Mapping[str, Any]) -> bytes:
    return b"".join((*_attributes(block), *_blocks(block)))


def _attributes(block: Mapping[str, Any]) -> Iterator[bytes]:
    return (_bytes(2, body) for body in _bodies(block))


def _bodies(block: Mapping[str, Any]) -> Iterator[bytes]:
    for name, attribute in block.get("attributes", {}).items():
        is_required = bool(attribute.get("required"))
        is_computed = bool(attribute.get("computed"))
        is_written = name.endswith("_wo")
        encoded = _bytes(1, name.encode()) + _bytes(2, json.dumps(attribute["type"]).encode())
        encoded += _flag(4, is_required) + _flag(5, not is_required and not is_computed)
        # What may be given and was not, the provider may fill.
        encoded += _flag(6, not is_required and not is_written) + _flag(11, is_written)
        yield encoded
    for name, nested in block.get("blocks", {}).items():
        if nested.get("is_attribute"):
            yield _nested_attribute(name, nested)


def _blocks(block: Mapping[str, Any]) -> Iterator[bytes]:
    for name, nested in block.get("blocks", {}).items():
        if nested.get("is_attribute"):
            continue
        encoded = _bytes(1, name.encode()) + _bytes(2, _block(nested["block"]))
        if name == "timeouts":
            yield _bytes(3, encoded + _number(3, _SINGLE))
            continue
        encoded += _number(3, _LIST) + _number(4, int(nested["required"]))
        yield _bytes(3, encoded + _number(5, int(nested["is_one"])))


def _nested_attribute(name: str, nested: Mapping[str, Any]) -> bytes:
    """What providers of the newer kind have in place of a block: `name = { … }`."""
    inner = b"".join(_bytes(1, attribute) for attribute in _bodies(nested["block"]))
    inner += _number(3, _SINGLE if nested["is_one"] else _LIST)
    is_required = bool(nested["required"])
    encoded = _bytes(1, name.encode()) + _bytes(10, inner)
    return encoded + _flag(4, is_required) + _flag(5, not is_required)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _flag(field: int, value: bool) -> bytes:  # noqa: FBT001 - a field of the wire format
    return _number(field, int(value))


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


class _Provider:
    """Answers for the schema; to every check of values it has nothing to say."""

    def __init__(self, answer: bytes, ended: threading.Event) -> None:
        self._answer = answer
        self._ended = ended

    def service(self, handler_call_details: Any) -> Any:
        """Return what answers a call, None for one that is not known."""
        method: str = handler_call_details.method
        if method == f"{_SERVICE}GetProviderSchema":
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: self._answer)
        if method.startswith(f"{_SERVICE}Validate") or method == f"{_SERVICE}StopProvider":
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
        if method == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._end)
        return None

    def _end(self, _request: bytes, _context: object) -> bytes:
        self._ended.set()
        return b""


def _certificate() -> tuple[bytes, bytes, bytes]:
    """Return a key and a certificate for this run, and the certificate as Terraform reads it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=24))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding
    private = key.private_bytes(
        encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, certificate.public_bytes(encoding.PEM), certificate.public_bytes(encoding.DER)


def main() -> int:
    """Serve until Terraform ends it."""
    if os.environ.get("TF_PLUGIN_MAGIC_COOKIE") != _COOKIE:
        sys.stderr.write("This is a provider: Terraform starts it.\n")
        return 1
    answer = Path(sys.argv[1]).read_bytes()
    private, certificate, der = _certificate()
    ended = threading.Event()
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(4), options=options)
    server.add_generic_rpc_handlers((_Provider(answer, ended),))
    # Terraform's own certificate lies on a curve that this library does not take.
    credentials = grpc.ssl_server_credentials([(private, certificate)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    told = base64.b64encode(der).decode().rstrip("=")
    sys.stdout.write(f"1|6|tcp|127.0.0.1:{port}|grpc|{told}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(grace=0.5)
    return 0


if __name__ == "__main__":
    sys.exit(main())
