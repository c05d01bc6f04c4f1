package wire

import (
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// described has a text and values that its tags do not name.
type described struct {
	Kind string `json:"kind"`
	Size int    `json:"size" doc:"In bytes"`
}

func (described) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return Restrict(Describe(s, map[string]string{"kind": "What it is"}), "kind", []string{"a", "b"})
}

func TestTextsAndValuesBesideTags(t *testing.T) {
	t.Parallel()
	r := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	s := huma.SchemaFromType(r, reflect.TypeFor[described]())
	if s.Properties["kind"].Description != "What it is" || s.Properties["size"].Description != "In bytes" {
		t.Errorf("described as %q and %q", s.Properties["kind"].Description, s.Properties["size"].Description)
	}
	for kind, good := range map[string]bool{"a": true, "b": true, "c": false, "": false} {
		var result huma.ValidateResult
		value := map[string]any{"kind": kind, "size": 1.}
		huma.Validate(r, s, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, value, &result)
		if (len(result.Errors) == 0) != good {
			t.Errorf("%q: %v", kind, result.Errors)
		}
	}
}

func TestATextForNoPropertyPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a name that no property has is passed over")
		}
	}()
	Describe(&huma.Schema{}, map[string]string{"kind": "What it is"})
}
