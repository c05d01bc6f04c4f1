package validation

import (
	"encoding/json"
	"fmt"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Patch returns what a JSON merge patch makes of present, read and judged by decode. The error of a patch that cannot
// be applied is a problem.
func Patch[T any](present *T, patch []byte, decode func(body []byte) (T, error)) (*T, error) {
	merged, err := mergePatch(present, patch)
	if err != nil {
		return nil, apierror.Malformed("The patch cannot be applied.", apierror.FieldError{Code: "invalid_json", Detail: err.Error()})
	}
	wanted, err := decode(merged)
	return &wanted, err
}

// mergePatch applies a JSON merge patch (RFC 7396) to the JSON form of present and returns the result: null removes a member, an object
// merges, anything else replaces. The error tells that the patch is no JSON object.
func mergePatch(present any, patch []byte) ([]byte, error) {
	var changes map[string]any
	if err := json.Unmarshal(patch, &changes); err != nil {
		return nil, fmt.Errorf("the patch is not a JSON object: %w", err)
	}
	data, err := json.Marshal(present)
	if err != nil {
		return nil, fmt.Errorf("encode what is patched: %w", err)
	}
	var target map[string]any
	if err := json.Unmarshal(data, &target); err != nil {
		return nil, fmt.Errorf("decode what is patched: %w", err)
	}
	return json.Marshal(merge(target, changes))
}

func merge(target, patch map[string]any) map[string]any {
	if target == nil {
		target = map[string]any{}
	}
	for name, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(target, name)
		case map[string]any:
			inner, _ := target[name].(map[string]any)
			target[name] = merge(inner, value)
		default:
			target[name] = value
		}
	}
	return target
}
