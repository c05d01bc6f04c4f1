package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	fastjson "github.com/segmentio/encoding/json"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// maxJSONDepth bounds the nesting of a request body; no request of ours needs more than a handful of levels.
const maxJSONDepth = 64

// installProblemErrors points huma's process-wide error constructor at problem details; huma offers no other place for it.
var installProblemErrors = sync.OnceFunc(func() {
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return problemOf(status, message, errs)
	}
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return problemOf(status, message, errs)
	}
})

// problemOf makes a problem of an error of huma. One of the server's own keeps its cause for
// the log and tells the caller nothing of it.
func problemOf(status int, message string, errs []error) *apierror.Problem {
	if errors.Is(errors.Join(errs...), io.ErrUnexpectedEOF) { // huma counts a sender that hung up as a failure of ours
		return apierror.Malformed("The body ended too early. Send it again.")
	}
	if status >= http.StatusInternalServerError {
		return apierror.Internal(fmt.Errorf("%s: %w", message, errors.Join(errs...)))
	}
	if status == http.StatusUnsupportedMediaType { // such as that of curl -d
		return apierror.New(status, "unsupported_media_type",
			"The body is not of a content type that is read here: send JSON with the header Content-Type: application/json.")
	}
	if message == "validation failed" {
		message = "the request cannot be used: errors says where, and why"
		if status == http.StatusBadRequest {
			message = "the body cannot be read"
		}
	}
	p := apierror.New(status, codeOf(status), sentence(message))
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, inWords(fieldOf(d.ErrorDetail())))
		} else if err != nil {
			p.Errors = append(p.Errors, apierror.FieldError{Detail: err.Error()})
		}
	}
	return p
}

// codeOf is the code of a status, as clients compare it: "not_found" of 404 where nothing more
// exact is known.
func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "malformed_request"
	case http.StatusUnprocessableEntity:
		return "invalid_request"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

// sentence makes a sentence of huma's messages, which are in lower case.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// fieldOf turns huma's location ("body.events[0].type", "query.limit") into a JSON pointer or a parameter name.
func fieldOf(d *huma.ErrorDetail) apierror.FieldError {
	where, rest, _ := strings.Cut(d.Location, ".")
	if where == "query" || where == "path" || where == "header" || where == "cookie" {
		return apierror.FieldError{Parameter: rest, Detail: d.Message}
	}
	rest = strings.TrimPrefix(d.Location, "body")
	escaped := strings.NewReplacer("~", "~0", "/", "~1", ".", "/", "[", "/", "]", "").Replace(rest)
	return apierror.FieldError{Pointer: escaped, Detail: d.Message}
}

// finishProblem completes every error answer: request id, Retry-After, and the cause in the log, once.
func finishProblem(
	logger *slog.Logger, elsewhere map[string][]string, schemas huma.Registry,
) huma.Transformer {
	return func(ctx huma.Context, _ string, body any) (any, error) {
		p, ok := body.(*apierror.Problem)
		if !ok {
			return body, nil
		}
		if ctx.Operation() != nil {
			nameKnown(ctx.Operation(), schemas, elsewhere, p)
		}
		return finish(humagin.Unwrap(ctx), logger, p), nil
	}
}

// finish gives a problem its request id and the answer its headers. A nil logger logs no cause;
// a caller who has gone is no failure and logs none either. The problem is copied, since some
// are shared.
func finish(c *gin.Context, logger *slog.Logger, p *apierror.Problem) *apierror.Problem {
	done := *p
	done.RequestID = c.Writer.Header().Get(requestIDHeader)
	if p.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}
	if p.Cause != nil && logger != nil && c.Request.Context().Err() == nil {
		logger.ErrorContext(c.Request.Context(), "request failed", "request_id", done.RequestID, "status", p.Status,
			"path", c.Request.URL.Path, "error", p.Cause)
	}
	return &done
}

// WriteProblem answers a request with a problem, for handlers that write their answer themselves.
func WriteProblem(c *gin.Context, p *apierror.Problem) {
	p = finish(c, nil, p)
	c.Header("Content-Type", apierror.ContentType)
	c.Status(p.Status)
	_ = json.NewEncoder(c.Writer).Encode(p) // the connection may be gone; there is nobody left to tell
	c.Abort()
}

// strictJSON reads and writes JSON. Reading refuses invalid UTF-8, which encoding/json would silently replace, and deep nesting.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		if answer, ok := w.(gin.ResponseWriter); ok {
			w = wholeAnswer{answer}
		}
		enc := fastjson.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	},
	Unmarshal: unmarshal,
}

// wholeAnswer says how long a body is that is written in one piece, as an encoder does; else net/http would cut a longer one into chunks.
type wholeAnswer struct{ gin.ResponseWriter }

func (w wholeAnswer) Write(p []byte) (int, error) {
	if !w.Written() {
		w.Header().Set("Content-Length", strconv.Itoa(len(p)))
	}
	return w.ResponseWriter.Write(p)
}

// unmarshal reads a body as encoding/json does. huma asks for it twice, first as an any, which it checks; once that has gone well, the
// faster decoder can be trusted with the same bytes, and whatever it refuses is judged by encoding/json after all.
func unmarshal(data []byte, v any) error {
	if err := CheckJSON(data); err != nil {
		return err
	}
	if _, generic := v.(*any); !generic && fastjson.Unmarshal(data, v) == nil {
		return nil
	}
	return plainJSONError(json.Unmarshal(data, v))
}

// plainJSONError says in a caller's words what encoding/json says in Go's.
func plainJSONError(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return err
	case strings.HasPrefix(wrong.Value, "number "):
		return fmt.Errorf("the %s is out of range", wrong.Value)
	case wrong.Field != "":
		return fmt.Errorf("%s cannot be a JSON %s", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("it cannot be a JSON %s", wrong.Value)
}

// CheckJSON reports why a body is refused before it is parsed: not UTF-8, nested deeper than 64 levels, or null, which encoding/json would
// take for an empty object. It costs one pass.
func CheckJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		return errors.New("the body is null: send a JSON object, {} when it is to say nothing")
	}
	if !utf8.Valid(data) {
		return errors.New("the body is not valid UTF-8")
	}
	if bytes.Count(data, []byte{'['})+bytes.Count(data, []byte{'{'}) <= maxJSONDepth {
		return nil
	}
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			if depth++; depth > maxJSONDepth {
				return fmt.Errorf("the body is nested deeper than %d levels", maxJSONDepth)
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return nil
}
