package httpapi

import (
	_ "embed" // for examples.json

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/httpserver"
)

// examples has a request and an answer for each operation, by its id.
//
//go:embed examples.json
var examples []byte

// Reference adds the examples to the registered operations, in the order of a person's work. It fails when one has none.
func Reference(api huma.API) error { return httpserver.Reference(api, examples) }
