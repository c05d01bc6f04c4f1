// Package apierror is the one error shape that crosses HTTP in Aisle: RFC 9457 problem details with a stable code and one
// entry per bad field. A *Problem is an error: a handler returns it, the server writes it, a client reads it back.
package apierror

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ContentType is the media type of every error answer.
const ContentType = "application/problem+json"

// Problem is an error as a caller sees it. It never carries internal text: Cause stays on the server, for its log.
type Problem struct {
	Type      string       `json:"type" doc:"URI of the kind of problem; about:blank when the status says it all" example:"about:blank"`
	Title     string       `json:"title" doc:"Short text of the status" example:"Unprocessable Entity"`
	Status    int          `json:"status" doc:"HTTP status code" example:"422"`
	Detail    string       `json:"detail" doc:"What is wrong and how to mend it"`
	Code      string       `json:"code" doc:"Stable machine-readable code" example:"invalid_request"`
	RequestID string       `json:"request_id,omitempty" doc:"Identifies this request in the server's log"`
	Errors    []FieldError `json:"errors,omitempty" doc:"Every bad field of the request"`

	// RetryAfter, when positive, is sent as the Retry-After header.
	RetryAfter time.Duration `json:"-"`
	// Cause is logged on the server and never sent.
	Cause error `json:"-"`
}

// FieldError names one bad field: a JSON pointer into the body, or a path, query or header parameter.
type FieldError struct {
	Pointer   string `json:"pointer,omitempty" doc:"JSON pointer (RFC 6901) into the request body" example:"/events/0/type"`
	Parameter string `json:"parameter,omitempty" doc:"Name of the path, query or header parameter" example:"limit"`
	Code      string `json:"code,omitempty" doc:"Stable machine-readable code of this field's problem"`
	Detail    string `json:"detail" doc:"What is wrong with the value and what is expected"`
}

// PointerTo is a JSON pointer to a member of what pointer points at (RFC 6901).
func PointerTo(pointer, member string) string {
	return pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(member)
}

// Error implements error with the text that a person reads.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	for _, f := range p.Errors {
		fmt.Fprintf(&b, "; %s%s: %s", f.Pointer, f.Parameter, f.Detail)
	}
	if b.Len() == 0 {
		return p.Title
	}
	return b.String()
}

// Unwrap returns the server-side cause.
func (p *Problem) Unwrap() error { return p.Cause }

// GetStatus returns the HTTP status; it makes a Problem a huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType answers the media type for error bodies, whatever was negotiated.
func (p *Problem) ContentType(string) string { return ContentType }

// New returns a Problem of an HTTP status with a stable code and a text for people.
func New(status int, code, detail string, fields ...FieldError) *Problem {
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: code, Detail: detail, Errors: fields,
	}
}

// Malformed is 400: the request cannot be read.
func Malformed(detail string, fields ...FieldError) *Problem {
	return New(http.StatusBadRequest, "malformed_request", detail, fields...)
}

// Invalid is 422: the request can be read but asks for something impossible.
func Invalid(detail string, fields ...FieldError) *Problem {
	return New(http.StatusUnprocessableEntity, "invalid_request", detail, fields...)
}

// NotFound is 404 for a thing ("item", "job") with an id.
func NotFound(thing, id string) *Problem {
	return New(http.StatusNotFound, thing+"_not_found", fmt.Sprintf("There is no %s %q.", thing, id))
}

// Conflict is 409: the request contradicts the present state.
func Conflict(code, detail string) *Problem { return New(http.StatusConflict, code, detail) }

// PreconditionFailed is 412: If-Match names another version than the present one.
func PreconditionFailed(detail string) *Problem {
	return New(http.StatusPreconditionFailed, "version_mismatch", detail)
}

// Unavailable is 503 with Retry-After: the same request may succeed later.
func Unavailable(detail string, retryAfter time.Duration, cause error) *Problem {
	p := New(http.StatusServiceUnavailable, "unavailable", detail)
	p.RetryAfter, p.Cause = retryAfter, cause
	return p
}

// Internal is 500: our fault. The caller learns the request id, the log learns the cause.
func Internal(cause error) *Problem {
	p := New(http.StatusInternalServerError, "internal_error", "The server failed to answer. Its log has the cause under this request_id.")
	p.Cause = cause
	return p
}

// From returns the Problem inside err, or an Internal one around it.
func From(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return Internal(err)
}

// Is reports whether err is a Problem with this HTTP status.
func Is(err error, status int) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == status
}
