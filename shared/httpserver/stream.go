package httpserver

import (
	"io"
	"net/http"
	"time"
)

// StreamedBody returns the body of a request that may take long as a whole but must not stall: each read has 30 seconds.
func StreamedBody(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	return &streamedBody{ReadCloser: r.Body, control: http.NewResponseController(w), patience: bodyTimeout}
}

type streamedBody struct {
	io.ReadCloser
	control  *http.ResponseController
	patience time.Duration
}

func (b *streamedBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(b.patience)) // an in-process request has no connection, and no deadline
	return b.ReadCloser.Read(p)
}
