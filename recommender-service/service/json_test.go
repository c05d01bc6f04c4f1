package service_test

import (
	"bytes"
	"encoding/json"
	"io"
)

func encode(v any) (io.Reader, error) {
	if v == nil {
		return nil, nil
	}
	data, err := json.Marshal(v)
	return bytes.NewReader(data), err
}

func decode(r io.Reader, v any) error {
	if v == nil {
		return nil
	}
	return json.NewDecoder(r).Decode(v)
}
