package charttest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// specification is Kubernetes' OpenAPI document below its module, whose folder the variable KUBERNETES names.
const specification = "api/openapi-spec/swagger.json"

// schemas returns the schema of each kind of the groups that the chart uses, such as "apps/v1 Deployment".
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	folder := os.Getenv("KUBERNETES")
	if folder == "" {
		t.Fatal("KUBERNETES is not set: run make chart")
	}
	f, err := os.Open(filepath.Join(folder, specification))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	document, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	definitions := document.(map[string]any)["definitions"].(map[string]any)
	either := map[string]any{"type": []any{"string", "number"}} // which OpenAPI 2 cannot say and describes as a string
	definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = either
	definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = either
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	if err := compiler.AddResource(specification, document); err != nil {
		t.Fatal(err)
	}
	found := map[string]*jsonschema.Schema{}
	for name, definition := range definitions {
		kinds, _ := definition.(map[string]any)["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 { // more are options of requests, such as DeleteOptions
			continue
		}
		kind := kinds[0].(map[string]any)
		version := strings.TrimPrefix(kind["group"].(string)+"/"+kind["version"].(string), "/")
		if found[version+" "+kind["kind"].(string)], err = compiler.Compile(specification + "#/definitions/" + name); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestSchemas holds every object of every set of values against the schema of its kind: what is required is there, and values are of their
// types. That no field is unknown is for the strict decoding of render.
func TestSchemas(t *testing.T) {
	t.Parallel()
	known := schemas(t)
	for _, values := range valueFiles(t) {
		for _, text := range rendered(t, values) {
			var object struct{ APIVersion, Kind string }
			if err := yaml.Unmarshal([]byte(text), &object); err != nil {
				t.Fatal(err)
			}
			if object.Kind == "" || object.Kind == "ServiceMonitor" { // whose types are not Kubernetes' own
				continue
			}
			schema := known[object.APIVersion+" "+object.Kind]
			if schema == nil {
				t.Errorf("Kubernetes knows no %s %s", object.APIVersion, object.Kind)
				continue
			}
			if err := schema.Validate(asJSON(t, text)); err != nil {
				t.Errorf("%s: %v\n%s", values, err, text)
			}
		}
	}
}

// TestMistakesAreFound makes one mistake at a time in what the chart renders: the schema or the decoder must name it.
func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	known := schemas(t)
	for name, c := range map[string]struct{ object, right, wrong, named string }{
		"a field that is spelt wrongly": {"apps/v1 Deployment", "readinessProbe:", "readinesProbe:", "readinesProbe"},
		"a field in another case":       {"apps/v1 Deployment", "readinessProbe:", "readinessprobe:", "readinessprobe"},
		"a field that is required":      {"autoscaling/v2 HorizontalPodAutoscaler", "maxReplicas:", "# maxReplicas:", "maxReplicas"},
		"a word where a number has to be": {"apps/v1 Deployment", "terminationGracePeriodSeconds: ",
			"terminationGracePeriodSeconds: x", "terminationGracePeriodSeconds"},
		"a field of the operator's, misspelt": {"monitoring.coreos.com/v1 ServiceMonitor", "endpoints:", "endpoint:", "endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			version, kind, _ := strings.Cut(c.object, " ")
			for _, text := range rendered(t, "values/all.yaml") {
				if !strings.Contains(text, "apiVersion: "+version+"\n") || !strings.Contains(text, "kind: "+kind+"\n") {
					continue
				}
				if !strings.Contains(text, c.right) {
					t.Fatalf("%q is not in the %s", c.right, kind)
				}
				text = strings.ReplaceAll(text, c.right, c.wrong)
				err := decodeInto(&objects{}, kind, text)
				if schema := known[c.object]; err == nil && schema != nil {
					err = schema.Validate(asJSON(t, text))
				}
				if err == nil || !strings.Contains(err.Error(), c.named) {
					t.Errorf("%v, and %q is not named", err, c.named)
				}
				return
			}
			t.Fatalf("the chart makes no %s", c.object)
		})
	}
}

func asJSON(t *testing.T, text string) any {
	t.Helper()
	data, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
