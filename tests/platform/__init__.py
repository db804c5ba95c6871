"""A real API server with Knative's own webhook, for the manifests: `make check-platform`."""
