package similarityapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Whoever asks goes by the place of a list in the answer.
func TestAnAnswerWithoutAListForEachItemIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"lists":[]}`)
	}))
	defer server.Close()
	c := similarityapi.NewClient(httpclient.New(httpclient.Options{BaseURL: server.URL}))
	if _, err := c.Lookup(t.Context(), similarityapi.LookupRequest{ItemIDs: []string{"lamp"}}); err == nil {
		t.Error("an answer without a list was taken")
	}
}
