package httpserver

import (
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/names"
)

// What huma says of a name that nothing takes; nameKnown finds problems by these texts, since they
// have no code.
const (
	unexpectedProperty = "unexpected property"
	unknownParameter   = "unknown query parameter"
)

// nameKnown names, for every field or parameter of a request that nothing takes, the one that was
// probably meant, and gives it the code unknown_field. It is the only place that does so. elsewhere are names that other products have for
// ours, see Options. It changes p; other errors stay as they are.
func nameKnown(op *huma.Operation, schemas huma.Registry, elsewhere map[string][]string, p *apierror.Problem) {
	for n := range p.Errors {
		e := &p.Errors[n]
		var known []string
		name := e.Parameter
		switch e.Detail {
		case unexpectedProperty:
			known, name = bodyNames(op, schemas, e.Pointer)
		case unknownParameter:
			for _, q := range op.Parameters {
				if q.In == "query" {
					known = append(known, q.Name)
				}
			}
		default:
			continue
		}
		slices.Sort(known)
		e.Code, e.Detail = "unknown_field", rather(name, known, elsewhere)
	}
}

// bodyNames returns the names that are known beside the one at a pointer, and that name. It
// walks the schema of the body along the pointer, into lists and referenced schemas; known is
// empty where the schema does not say what there may be.
func bodyNames(op *huma.Operation, schemas huma.Registry, pointer string) (known []string, name string) {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	name = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[len(parts)-1])
	if op.RequestBody == nil {
		return nil, name
	}
	var s *huma.Schema
	for _, media := range op.RequestBody.Content {
		s = media.Schema
	}
	resolve := func(s *huma.Schema) *huma.Schema {
		if s != nil && s.Ref != "" {
			return schemas.SchemaFromRef(s.Ref)
		}
		return s
	}
	s = resolve(s)
	for _, part := range parts[:len(parts)-1] {
		if s == nil {
			return nil, name
		}
		if _, err := strconv.Atoi(part); err == nil && s.Items != nil {
			s = resolve(s.Items)
			continue
		}
		s = resolve(s.Properties[part])
	}
	if s == nil {
		return nil, name
	}
	for field, property := range s.Properties {
		// A member that only the service sets is no advice for what to send.
		if !property.ReadOnly {
			known = append(known, field)
		}
	}
	return known, name
}

// rather says what to send in place of a name: what it is called here, if it is a usual name
// elsewhere, else the nearest name, else all that there are.
func rather(name string, known []string, elsewhere map[string][]string) string {
	for _, target := range elsewhere[names.Plain(name)] {
		if slices.Contains(known, target) {
			return "is called " + target + " here"
		}
	}
	if near := names.Nearest(name, known); near != "" {
		return "is not known here: " + near + " is near it"
	}
	if len(known) == 0 {
		return "is not known here"
	}
	return "is not known here: use " + strings.Join(known, ", ")
}
