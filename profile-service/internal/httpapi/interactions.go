package httpapi

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/klauspost/compress/zstd"

	"github.com/aisle-rec/aisle/profile-service/internal/interactions"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// ndjsonType is the content type of streams that people read, too: a JSON object on each line.
const ndjsonType = "application/x-ndjson"

// registerInteractions adds the stream that the similarity-service learns from.
func (a *API) registerInteractions(api huma.API) {
	op := operation(http.MethodGet, "/v1/interactions", "interactions", eventsTag, "Stream what models are computed from")
	op.Description = "One weighted line per item of an event, in one consistent snapshot, ordered by acknowledgement. Identities are " +
		"merged; people who withheld consent or were erased do not appear. " +
		"The compact form is described in docs/interactions-format.md; `Accept: " + ndjsonType +
		"` gives one JSON object per line. zstd unless `Accept-Encoding` leaves it out. " +
		"A stream that ends without its end block was cut: resume it with the cursor of the last block."
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	op.Responses = map[string]*huma.Response{"200": {Description: "The stream", Content: map[string]*huma.MediaType{
		profileapi.InteractionsContentType: binary, ndjsonType: {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	httpserver.Register(api, auth.ScopeEventsRead, op, a.interactions)
}

// interactionsInput says which interactions, and in which form by the headers. Resume and After
// take the cursors of package interactions and are not given together.
type interactionsInput struct {
	From           string `query:"from" maxLength:"40" doc:"First moment, RFC 3339 or epoch milliseconds"`
	To             string `query:"to" maxLength:"40" doc:"Moment behind the last"`
	Relation       string `query:"relation" maxLength:"32" doc:"similar, bought_together or viewed_next: only what it learns from"`
	Resume         string `query:"resume" maxLength:"256" doc:"Cursor of the last block read of a stream that was cut: streams the rest"`
	After          string `query:"after" maxLength:"256" doc:"Cursor of the last block of a stream that ended: what has come since"`
	Accept         string `header:"Accept"`
	AcceptEncoding string `header:"Accept-Encoding"`
}

// interactions settles which events the stream covers and then sends it (package interactions),
// in memory of a block. Parameters that cannot be used are answered before the first byte; what
// fails later breaks the connection, and the reader resumes with the last cursor.
func (a *API) interactions(ctx context.Context, in *interactionsInput) (*huma.StreamResponse, error) {
	from, errFrom := timeParameter("from", in.From)
	to, errTo := timeParameter("to", in.To)
	if err := errors.Join(errFrom, errTo); err != nil {
		return nil, err
	}
	r, err := a.Interactions.Prepare(ctx, auth.Shop(ctx), profileapi.InteractionsQuery{
		From: from, To: to, Relation: in.Relation, Resume: in.Resume, After: in.After,
	})
	if err != nil {
		return nil, storeProblem(err)
	}
	ndjson := strings.Contains(in.Accept, ndjsonType)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Type", profileapi.InteractionsContentType)
		if ndjson {
			c.Header("Content-Type", ndjsonType)
		}
		c.Header(profileapi.RobotsHeader, strconv.FormatInt(r.RobotsAsOf, 10))
		c.Writer.Header().Add("Vary", "Accept, Accept-Encoding") // Origin may be there already
		w, finish := compressed(c.Writer, strings.Contains(in.AcceptEncoding, "zstd"), c.Header)
		var sink interactions.Sink = interactions.Binary{InteractionWriter: profileapi.NewInteractionWriter(w)}
		if ndjson {
			sink = interactions.NewNDJSON(w)
		}
		c.Status(http.StatusOK)
		if err := errors.Join(a.Interactions.Send(c.Request.Context(), r, sink), finish()); err != nil {
			panic(http.ErrAbortHandler) // the header is sent: only a broken connection can still tell of a failure
		}
	}}, nil
}

// compressed returns a buffered writer, through zstd when asked, and what to call at the end.
// The finish flushes everything, and gives the encoder back, so that the writer is of no use
// after it.
func compressed(w io.Writer, useZstd bool, setHeader func(string, string)) (io.Writer, func() error) {
	buffered := bufio.NewWriterSize(w, 64<<10)
	if !useZstd {
		return buffered, buffered.Flush
	}
	setHeader("Content-Encoding", "zstd")
	encoder := encoders.Get().(*zstd.Encoder)
	encoder.Reset(buffered)
	return encoder, func() error {
		defer encoders.Put(encoder)
		return errors.Join(encoder.Close(), buffered.Flush())
	}
}

// encoders are used again: a new one takes more memory and time than what a shop without news has to say.
var encoders = sync.Pool{New: func() any {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are constant
	}
	return encoder
}}
