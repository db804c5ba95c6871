"""What capacity takes for granted: each number with its reason, printed beside the tables."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Assumed:
    """A number, as one reads it, and why it is that one."""

    value: Fraction
    text: str
    why: str


BUSY: Final = Assumed(
    Fraction(6, 10),
    "60 %",
    "of a core of a pod, a node or a database is used at the rate of the table; the rest is for"
    " bursts and lost zones",
)
IN_FLIGHT: Final = Assumed(
    Fraction(7, 10),
    "70 %",
    "of a pod's concurrency is used: Knative's own target utilisation, which nothing of ours "
    "changes",
)
READS: Final = Assumed(
    Fraction(3),
    "3",
    "reads of a charge's status until it ends: payers take half a minute, and it is read at the"
    " callback, after 10 and after 30 s."
    " Measured is one, since the stand-in pays at once; each is taken to cost what that one did",
)
OPERATOR: Final = Assumed(
    Fraction(1), "1 s", "an operator's answer; a thread waits for it. None was measured in Cameroon"
)
MERCHANT: Final = Assumed(Fraction(1, 2), "0.5 s", "a merchant's answer to a webhook; likewise")
STORE: Final = Assumed(Fraction(1, 10), "0.1 s", "an object written under its lock; likewise")
COMMIT: Final = Assumed(
    Fraction(1, 500),
    "2 ms",
    "a commit on a managed disk with a standby in another zone; a connection is held for it",
)
PROXY: Final = Assumed(
    Fraction(35, 100),
    "0.35 ms",
    "of a core per request and proxy: [Istio's own "
    "figure](https://istio.io/v1.15/docs/ops/deployment/performance-and-scalability)"
    " for Envoy, taken for Knative's queue too",
)
PROXIES: Final = Assumed(
    Fraction(4),
    "4",
    "proxies that a request meets: public gateway, local gateway, sidecar, queue. Envoy of the "
    "local system is left out for it",
)
NODE_CPU: Final = Assumed(
    Fraction(85, 100), "85 %", "of a node's cores are left by Kubernetes and what runs on each node"
)
NODE_MEMORY: Final = Assumed(Fraction(80, 100), "80 %", "of its memory, likewise")
PLATFORM_CPU: Final = Assumed(
    Fraction(4),
    "4 cores",
    "asked for by Istio, Knative, gateways, cert-manager, External Secrets, Prometheus, and by "
    "what of ours is always on",
)
PLATFORM_MEMORY: Final = Assumed(Fraction(8), "8 GiB", "likewise")
REPLANNED: Final = Assumed(
    Fraction(184, 64),
    "2.9 times",
    "PostgreSQL's work with very many merchants behind PgBouncer, where statements are planned "
    "anew for each: 1.84 ms instead of"
    " 0.64 for a creation ([0029](decisions/0029-tenants-have-their-own-connection.md)), taken "
    "for all of it; an upper bound",
)
MESSAGE: Final = Assumed(
    Fraction(1000),
    "1 kB",
    "a message, published and delivered: ours are smaller, and Google counts no less",
)
OUTSIDE: Final = Assumed(
    Fraction(20_000), "20 kB", "of a charge go to and come from operators and merchants, by NAT"
)
LARGEST_GCP: Final = Assumed(
    Fraction(128),
    "128 cores",
    "the largest Cloud SQL of this kind, remembered; 64 at RDS for db.m7g",
)
DISK: Final = Assumed(Fraction(64_000), "64 TB", "the largest disk of either, remembered")
HOURS: Final = Assumed(Fraction(730), "730 h", "a month, at the rate of the table day and night")

ALL: Final = (
    BUSY,
    IN_FLIGHT,
    READS,
    OPERATOR,
    MERCHANT,
    STORE,
    COMMIT,
    PROXY,
    PROXIES,
    NODE_CPU,
    NODE_MEMORY,
    PLATFORM_CPU,
    PLATFORM_MEMORY,
    REPLANNED,
    MESSAGE,
    OUTSIDE,
    LARGEST_GCP,
    DISK,
    HOURS,
)
