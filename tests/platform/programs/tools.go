//go:build tools

// Package tools names the programs that are built here, so that one list of versions serves all of them.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "knative.dev/caching/config"
	_ "knative.dev/eventing/cmd/webhook"
	_ "knative.dev/networking/config"
	_ "knative.dev/serving/cmd/webhook"
)
