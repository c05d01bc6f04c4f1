package telemetry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
)

const (
	otlpPrefix  = "OTEL_EXPORTER_OTLP_" // of the variables that every exporter of OpenTelemetry reads
	otlpTimeout = 10 * time.Second      // of one attempt, the default of the specification
	// otlpPause is before the first attempt after one that failed; it doubles with each.
	otlpPause = time.Second
	// otlpAnswer bounds what is read of an answer.
	otlpAnswer = 64 << 10
)

// exporter posts spans as OTLP in JSON over HTTP, as the specification of OTLP 1.x has it (opentelemetry.io/docs/specs/otlp). The exporter
// of the OpenTelemetry project does the same through gRPC's packages, 66 of a program's.
type exporter struct {
	// Proxies and trusted certificates are those of the system, as of any client of Go.
	client  *http.Client
	url     string
	headers map[string]string // with every request, such as the key of a collector
	timeout time.Duration     // of one attempt
	pause   time.Duration     // before the second attempt
}

// newExporter reads the standard variables; one for traces counts before the general one. Those
// that it does not follow are an error rather than passed over. The error names the variable
// and how to write it, never its value where that may be a secret.
func newExporter(getenv func(string) string) (*exporter, error) {
	setting := func(name string) string { return cmp.Or(getenv(otlpPrefix+"TRACES_"+name), getenv(otlpPrefix+name)) }
	for _, name := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
		if setting(name) != "" {
			return nil, fmt.Errorf(
				"%s%s is not followed: send to a collector beside this process, or add the certificate to those of the "+
					"system (SSL_CERT_FILE)",
				otlpPrefix, name,
			)
		}
	}
	if p := setting("PROTOCOL"); p != "" && p != "http/json" && p != "http/protobuf" {
		return nil, fmt.Errorf("%sPROTOCOL is %q: leave it out or write http/json, at the collector's HTTP port (4318)", otlpPrefix, p)
	}
	address := getenv(otlpPrefix + "TRACES_ENDPOINT")
	if address == "" {
		address = strings.TrimSuffix(getenv(otlpPrefix+"ENDPOINT"), "/") + "/v1/traces"
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%sENDPOINT must have the form http://host:4318", otlpPrefix)
	}
	e := &exporter{client: &http.Client{}, url: u.String(), headers: map[string]string{}, timeout: otlpTimeout, pause: otlpPause}
	for _, pair := range strings.Split(setting("HEADERS"), ",") {
		name, value, found := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value)) // of a query a + would be a blank
		if strings.TrimSpace(pair) == "" {
			continue
		}
		if !found || err != nil {
			return nil, fmt.Errorf("%sHEADERS must have the form name=value,name=value, percent-encoded", otlpPrefix)
		}
		e.headers[strings.TrimSpace(name)] = decoded
	}
	if text := setting("TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("%sTIMEOUT is %q: give it milliseconds", otlpPrefix, text)
		}
		e.timeout = time.Duration(ms) * time.Millisecond
	}
	return e, nil
}

// ExportSpans implements trace.SpanExporter: it tries until ctx ends while the collector says that it may take them later.
// The SDK calls it for one batch at a time, with a time limit of its own.
func (e *exporter) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	body, err := json.Marshal(encodeSpans(spans))
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	for pause := e.pause; ; pause *= 2 {
		again, err := e.post(ctx, body)
		if err == nil || !again {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// Shutdown implements trace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// post sends a body once, and reports whether it may be sent again: when the collector was not
// reached, or answers that it is busy or away.
func (e *exporter) post(ctx context.Context, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range e.headers {
		r.Header.Set(name, value)
	}
	resp, err := e.client.Do(r)
	if err != nil {
		return true, fmt.Errorf("send spans: %w", err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, otlpAnswer)) // it only explains
	switch resp.StatusCode {
	case http.StatusOK:
		return false, nil
	// The statuses after which the specification wants another attempt; any other is final.
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("send spans: the collector answers %s: %.200s", resp.Status, said)
}
