package wire

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// Describe gives properties of a struct's schema, by JSON name, the texts that are too long for a tag, and returns the
// schema. It panics on a name that the schema lacks: a field was renamed without its text.
func Describe(s *huma.Schema, texts map[string]string) *huma.Schema {
	for name, text := range texts {
		property(s, name).Description = text
	}
	return s
}

// Restrict lets a property of a struct's schema, by JSON name, have only the values, and returns the schema.
func Restrict(s *huma.Schema, name string, values []string) *huma.Schema {
	p := property(s, name)
	p.Enum = nil
	for _, v := range values {
		p.Enum = append(p.Enum, v)
	}
	p.PrecomputeMessages()
	return s
}

func property(s *huma.Schema, name string) *huma.Schema {
	p := s.Properties[name]
	if p == nil {
		panic(fmt.Sprintf("wire: the schema has no property %q", name))
	}
	return p
}
