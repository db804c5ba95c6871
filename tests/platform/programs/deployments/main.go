// Command deployments says which Deployments Knative makes of services, by the code of its controller:
// services and ConfigMaps of Knative come in as one List, Deployments go out as another.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/logging"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	configuration "knative.dev/serving/pkg/reconciler/configuration/resources"
	"knative.dev/serving/pkg/reconciler/revision/config"
	revision "knative.dev/serving/pkg/reconciler/revision/resources"
	service "knative.dev/serving/pkg/reconciler/service/resources"
)

type given struct {
	Services   []*servingv1.Service `json:"services"`
	ConfigMaps []*corev1.ConfigMap  `json:"configMaps"`
}

func main() {
	var all given
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	store := config.NewStore(logging.FromContext(ctx))
	store.WatchConfigs(configmap.NewStaticWatcher(all.ConfigMaps...))
	ctx = store.ToContext(ctx)

	made := []any{}
	for _, one := range all.Services {
		of := service.MakeConfiguration(one)
		of.Generation = 1
		of.SetDefaults(ctx)
		first := configuration.MakeRevision(ctx, of, time.Unix(0, 0))
		first.SetDefaults(ctx)
		if err := first.Validate(ctx); err != nil {
			log.Fatalf("%s: %v", one.Name, err)
		}
		deployment, err := revision.MakeDeployment(first, config.FromContext(ctx))
		if err != nil {
			log.Fatalf("%s: %v", one.Name, err)
		}
		deployment.TypeMeta = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}
		made = append(made, deployment)
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"items": made}); err != nil {
		log.Fatal(err)
	}
}
