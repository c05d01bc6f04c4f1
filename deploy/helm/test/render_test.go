package charttest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const chart = "../aisle"

// objects are what the chart makes, decoded without leniency: a field that Kubernetes does not know is an error.
type objects struct {
	deployments []apps.Deployment
	services    []core.Service
	scalers     []autoscaling.HorizontalPodAutoscaler
	budgets     []policy.PodDisruptionBudget
	policies    []networking.NetworkPolicy
	ingresses   []networking.Ingress
	jobs        []batch.Job
	monitors    []monitoring.ServiceMonitor
}

// helm runs Helm, whose program the variable HELM names.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program := os.Getenv("HELM")
	if program == "" {
		t.Fatal("HELM is not set: run make chart")
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	return string(out), err
}

// valueFiles are the sets of values that the chart is rendered with.
func valueFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("values/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("values: %v, %v", files, err)
	}
	return files
}

var separator = regexp.MustCompile(`(?m)^---\n`)

// rendered returns the documents that the chart makes of a file of values.
func rendered(t *testing.T, values string) []string {
	t.Helper()
	out, err := helm(t, "template", "shop", chart, "--values", values, "--kube-version", "1.31.0")
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, out)
	}
	return separator.Split(out, -1)
}

func render(t *testing.T, values string) objects {
	t.Helper()
	var o objects
	for _, text := range rendered(t, values) {
		var object struct{ Kind string }
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if object.Kind == "" && len(bytes.TrimSpace(comment.ReplaceAll([]byte(text), nil))) == 0 {
			continue
		}
		if err := decodeInto(&o, object.Kind, text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	return o
}

var comment = regexp.MustCompile(`(?m)^#.*$`)

// decodeInto adds an object to the others of its kind. It returns an error when the chart must not make that kind, such as a Secret.
func decodeInto(o *objects, kind, text string) error {
	switch kind {
	case "Deployment":
		return decode(&o.deployments, text)
	case "Service":
		return decode(&o.services, text)
	case "HorizontalPodAutoscaler":
		return decode(&o.scalers, text)
	case "PodDisruptionBudget":
		return decode(&o.budgets, text)
	case "NetworkPolicy":
		return decode(&o.policies, text)
	case "Ingress":
		return decode(&o.ingresses, text)
	case "Job":
		return decode(&o.jobs, text)
	case "ServiceMonitor":
		return decode(&o.monitors, text)
	}
	return fmt.Errorf("the chart makes an object of kind %q", kind)
}

// decode adds an object to a list. Fields that its type lacks are errors, also those that differ in case alone, as they are for Kubernetes.
func decode[T any](list *[]T, text string) error {
	data, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return err
	}
	var v T
	unknown, err := kjson.UnmarshalStrict(data, &v)
	*list = append(*list, v)
	return errors.Join(append(unknown, err)...)
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, values := range valueFiles(t) {
		if out, err := helm(t, "lint", "--strict", chart, "--values", values); err != nil {
			t.Errorf("%s: %v\n%s", values, err, out)
		}
	}
}

// TestValuesThatAreWrongAreRefused renders the least values with one thing wrong at a time: the schema must name it.
func TestValuesThatAreWrongAreRefused(t *testing.T) {
	t.Parallel()
	for set, named := range map[string]string{
		"database.existingSecret=":          "database.existingSecret",
		"keysFile.existingSecret=":          "keysFile.existingSecret",
		"serviceKey.existingSecret=":        "serviceKey.existingSecret",
		"snapshots.url=ftp://x":             "snapshots.url",
		"snapshots.url=file:///models":      "persistentVolumeClaim", // which a folder needs
		"serviceMonitor.enabled=true":       "keySecret",
		"profile.replica=3":                 "replica",
		"logLevel=loud":                     "logLevel",
		"profile.env.PASSWORD=x":            "PASSWORD",
		"gateway.trustedProxies={anywhere}": "trustedProxies",
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			out, err := helm(t, "template", "shop", chart, "--values", "values/least.yaml", "--set", set)
			if err == nil || !strings.Contains(out, named) {
				t.Errorf("%v, and %q is not named:\n%.300s", err, named, out)
			}
		})
	}
}
