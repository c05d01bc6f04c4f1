package agents

import "testing"

// TestEveryToolHasASchema makes the server: the library panics at a type that has none.
func TestEveryToolHasASchema(t *testing.T) {
	t.Parallel()
	if Server(nil, "test") == nil {
		t.Error("there is no server")
	}
}
