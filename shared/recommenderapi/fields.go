package recommenderapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
	fast "github.com/segmentio/encoding/json"
)

// Fields are fields of an item that a request asked for, in its order and no name twice. In JSON they are an object. A map would hold the
// same, and take a tenth of the time of an answer.
type Fields []Field

// Field is one field with its value.
type Field struct {
	Name  string
	Value any
}

// Get returns the value of a field; nil when the item does not have it or it was not asked for.
func (f Fields) Get(name string) any {
	for n := range f {
		if f[n].Name == name {
			return f[n].Value
		}
	}
	return nil
}

// MarshalJSON writes an object.
func (f Fields) MarshalJSON() ([]byte, error) {
	const field = 48 // bytes of most
	b := append(make([]byte, 0, 2+field*len(f)), '{')
	var err error
	for n := range f {
		if n > 0 {
			b = append(b, ',')
		}
		b = fast.AppendEscape(b, f[n].Name, 0)
		b = append(b, ':')
		if b, err = fast.Append(b, f[n].Value, 0); err != nil {
			return nil, fmt.Errorf("write field %q: %w", f[n].Name, err)
		}
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads an object, or null for none. It keeps the order of the members. Numbers
// are float64, as any has them.
func (f *Fields) UnmarshalJSON(data []byte) error {
	*f = nil
	if string(data) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("fields are an object, not %.20q", data)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		field := Field{Name: name.(string)} // the decoder takes nothing else for a name
		if err := d.Decode(&field.Value); err != nil {
			return err
		}
		*f = append(*f, field)
	}
	return nil
}

// Schema implements huma.SchemaProvider.
func (Fields) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "The item fields that were asked for"}
}
