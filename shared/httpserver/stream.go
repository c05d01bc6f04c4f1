package httpserver

import (
	"io"
	"net/http"
	"time"

	"github.com/aisle-rec/aisle/shared/stages"
)

// StreamedBody returns the body of a request that may take long as a whole but must not stall: each read has 30 seconds.
func StreamedBody(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	stages.Of(r.Context()).TakesLong()
	return &streamedBody{ReadCloser: r.Body, control: http.NewResponseController(w), patience: bodyTimeout}
}

// streamedBody moves the deadline of the request with each read.
type streamedBody struct {
	io.ReadCloser
	control  *http.ResponseController
	patience time.Duration
}

func (b *streamedBody) Read(p []byte) (int, error) {
	// An in-process request has no connection, and no deadline. The answer cannot begin before the body has ended.
	_ = b.control.SetReadDeadline(time.Now().Add(b.patience))
	_ = b.control.SetWriteDeadline(time.Now().Add(b.patience + bodyTimeout))
	return b.ReadCloser.Read(p)
}
