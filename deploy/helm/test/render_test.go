package charttest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
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
	monitors    []map[string]any // of Prometheus' operator, whose types are not here
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

func render(t *testing.T, values string) objects {
	t.Helper()
	out, err := helm(t, "template", "shop", chart, "--values", values, "--kube-version", "1.31.0")
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, out)
	}
	var o objects
	for _, text := range separator.Split(out, -1) {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		switch kind.Kind {
		case "":
			if len(bytes.TrimSpace(comment.ReplaceAll([]byte(text), nil))) > 0 {
				t.Errorf("an object without a kind:\n%s", text)
			}
		case "Deployment":
			o.deployments = decode(t, o.deployments, text)
		case "Service":
			o.services = decode(t, o.services, text)
		case "HorizontalPodAutoscaler":
			o.scalers = decode(t, o.scalers, text)
		case "PodDisruptionBudget":
			o.budgets = decode(t, o.budgets, text)
		case "NetworkPolicy":
			o.policies = decode(t, o.policies, text)
		case "Ingress":
			o.ingresses = decode(t, o.ingresses, text)
		case "Job":
			o.jobs = decode(t, o.jobs, text)
		case "ServiceMonitor":
			o.monitors = decode(t, o.monitors, text)
		default: // such as a Secret, which the chart must not make
			t.Errorf("the chart makes a %s", kind.Kind)
		}
	}
	return o
}

var comment = regexp.MustCompile(`(?m)^#.*$`)

func decode[T any](t *testing.T, list []T, text string) []T {
	t.Helper()
	var v T
	if err := yaml.UnmarshalStrict([]byte(text), &v); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	return append(list, v)
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
