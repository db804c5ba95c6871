"""google.iam.v1.IAMPolicy: policies are kept and given back, and stop nobody."""

import hashlib
import re

from google.iam.v1 import iam_policy_pb2, policy_pb2

from knative.local.pubsub.broker import Broker
from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import AbortedError, InvalidArgumentError, NotFoundError
from knative.local.pubsub.names import check_name
from knative.local.pubsub.service import Call, Context

MAX_MEMBERS = 1500

_ROLE = re.compile(r"(projects/[^/]+/|organizations/[^/]+/)?roles/[A-Za-z0-9_.]+")
_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers|principal(Set)?://\S+"
    r"|(deleted:)?(user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer):\S+"
)
_PERMISSION = re.compile(r"pubsub\.(topics|subscriptions|snapshots|schemas)\.[A-Za-z]+")


class PolicyService:
    """Each method raises PubSubError for what it refuses."""

    def __init__(self, broker: Broker, project: str) -> None:
        self._broker = broker
        self._project = project

    def calls(self) -> dict[str, Call]:
        """The methods by their names on the wire."""
        return {
            "GetIamPolicy": Call(self.get_iam_policy, iam_policy_pb2.GetIamPolicyRequest),
            "SetIamPolicy": Call(self.set_iam_policy, iam_policy_pb2.SetIamPolicyRequest),
            "TestIamPermissions": Call(
                self.grant_permissions, iam_policy_pb2.TestIamPermissionsRequest
            ),
        }

    async def get_iam_policy(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read a resource's policy; one that was never set is empty."""
        return self._policy(request.resource)

    async def set_iam_policy(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Replace a resource's policy; an etag of an older one is refused."""
        stored = self._policy(request.resource)
        for binding in request.policy.bindings:
            if not _ROLE.fullmatch(binding.role):
                raise InvalidArgumentError(f"Role {binding.role[:100]} is not supported.")
            for member in binding.members:
                if not _MEMBER.fullmatch(member):
                    raise InvalidArgumentError(f"The member {member[:100]} is of an unknown type.")
        if sum(len(binding.members) for binding in request.policy.bindings) > MAX_MEMBERS:
            raise InvalidArgumentError(f"A policy has at most {MAX_MEMBERS} members.")
        if request.policy.etag and request.policy.etag != stored.etag:
            raise AbortedError("There were concurrent policy changes. Read it again and retry.")
        policy = policy_pb2.Policy()
        policy.CopyFrom(request.policy)
        # The etag before goes into the next one, so that a policy set back is another one.
        digest = hashlib.sha256(stored.etag + policy.SerializeToString(deterministic=True))
        policy.etag = digest.digest()[:8]
        await self._broker.put_policy(request.resource, policy)
        return policy

    async def grant_permissions(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Grant whatever is asked for: policies are not enforced."""
        self._policy(request.resource)
        for permission in request.permissions:
            if not _PERMISSION.fullmatch(permission):
                raise InvalidArgumentError(f"Permission {permission[:100]} is not valid.")
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=request.permissions)

    def _policy(self, resource: str) -> ProtoMessage:
        state = self._broker.state
        kind = resource.split("/")[2] if resource.count("/") == 3 else ""  # noqa: PLR2004 - names
        names = {
            "topics": state.topics.keys(),
            "subscriptions": state.subscriptions.keys(),
            "snapshots": state.snapshots.keys(),
            "schemas": state.schemas.keys(),
        }
        if kind not in names:
            raise InvalidArgumentError(f"Invalid resource name given (name={resource[:300]}).")
        check_name(resource, kind, self._project)
        if resource not in names[kind]:
            raise NotFoundError(f"Resource not found (resource={resource}).")
        return state.policies.get(resource) or policy_pb2.Policy(etag=b"\0\1")
