package telemetry

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
)

// The JSON of OTLP traces: field names in camel case, 64-bit integers as strings, ids in hexadecimal.
type (
	otlpTraces struct {
		ResourceSpans []*otlpResourceSpans `json:"resourceSpans"`
	}
	// The spans of one process, by the library that made them.
	otlpResourceSpans struct {
		Resource   otlpAttributes    `json:"resource"`
		ScopeSpans []*otlpScopeSpans `json:"scopeSpans"`
	}
	otlpAttributes struct {
		Attributes []otlpAttribute `json:"attributes,omitempty"`
	}
	otlpScopeSpans struct {
		Scope struct {
			Name    string `json:"name"`
			Version string `json:"version,omitempty"`
		} `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	// Times are nanoseconds since 1970, as texts; Kind is numbered as in the specification.
	otlpSpan struct {
		TraceID       string          `json:"traceId"`
		SpanID        string          `json:"spanId"`
		TraceState    string          `json:"traceState,omitempty"`
		ParentSpanID  string          `json:"parentSpanId,omitempty"`
		Flags         uint32          `json:"flags"`
		Name          string          `json:"name"`
		Kind          int             `json:"kind"`
		Start         string          `json:"startTimeUnixNano"`
		End           string          `json:"endTimeUnixNano"`
		Attributes    []otlpAttribute `json:"attributes,omitempty"`
		DroppedValues int             `json:"droppedAttributesCount,omitempty"`
		Events        []otlpEvent     `json:"events,omitempty"`
		DroppedEvents int             `json:"droppedEventsCount,omitempty"`
		Links         []otlpLink      `json:"links,omitempty"`
		DroppedLinks  int             `json:"droppedLinksCount,omitempty"`
		Status        otlpStatus      `json:"status"`
	}
	otlpEvent struct {
		Time       string          `json:"timeUnixNano"`
		Name       string          `json:"name"`
		Attributes []otlpAttribute `json:"attributes,omitempty"`
	}
	otlpLink struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		Attributes []otlpAttribute `json:"attributes,omitempty"`
	}
	// Message is of errors only.
	otlpStatus struct {
		Code    int    `json:"code,omitempty"` // 0 unset, 1 ok, 2 error
		Message string `json:"message,omitempty"`
	}
	otlpAttribute struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
)

// encodeSpans groups spans by what they are of, in the order in which those come.
func encodeSpans(spans []trace.ReadOnlySpan) *otlpTraces {
	traces := &otlpTraces{ResourceSpans: []*otlpResourceSpans{}}
	resources := map[attribute.Distinct]*otlpResourceSpans{}
	type scoped struct {
		resource      attribute.Distinct
		name, version string
	}
	scopes := map[scoped]*otlpScopeSpans{}
	for _, s := range spans {
		of, library := s.Resource().Equivalent(), s.InstrumentationScope()
		if resources[of] == nil {
			resources[of] = &otlpResourceSpans{Resource: otlpAttributes{encodeAttributes(s.Resource().Attributes())}}
			traces.ResourceSpans = append(traces.ResourceSpans, resources[of])
		}
		key := scoped{of, library.Name, library.Version}
		if scopes[key] == nil {
			scopes[key] = &otlpScopeSpans{}
			scopes[key].Scope.Name, scopes[key].Scope.Version = library.Name, library.Version
			resources[of].ScopeSpans = append(resources[of].ScopeSpans, scopes[key])
		}
		scopes[key].Spans = append(scopes[key].Spans, encodeSpan(s))
	}
	return traces
}

// encodeSpan writes one span with its events and links.
func encodeSpan(s trace.ReadOnlySpan) otlpSpan {
	c := s.SpanContext()
	o := otlpSpan{
		TraceID: c.TraceID().String(), SpanID: c.SpanID().String(), TraceState: c.TraceState().String(), Flags: uint32(c.TraceFlags()),
		Name: s.Name(), Kind: int(s.SpanKind()), Start: nanos(s.StartTime()), End: nanos(s.EndTime()),
		Attributes: encodeAttributes(s.Attributes()), DroppedValues: s.DroppedAttributes(), DroppedEvents: s.DroppedEvents(),
		DroppedLinks: s.DroppedLinks(),
	}
	if s.Parent().SpanID().IsValid() {
		o.ParentSpanID = s.Parent().SpanID().String()
	}
	switch s.Status().Code {
	case codes.Ok:
		o.Status = otlpStatus{Code: 1}
	case codes.Error:
		o.Status = otlpStatus{Code: 2, Message: s.Status().Description}
	}
	for _, e := range s.Events() {
		o.Events = append(o.Events, otlpEvent{nanos(e.Time), e.Name, encodeAttributes(e.Attributes)})
	}
	for _, l := range s.Links() {
		o.Links = append(o.Links, otlpLink{
			l.SpanContext.TraceID().String(), l.SpanContext.SpanID().String(), encodeAttributes(l.Attributes),
		})
	}
	return o
}

// nanos is a time as OTLP's JSON has it: a 64-bit integer as text.
func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// encodeAttributes keeps the order; nil for none.
func encodeAttributes(list []attribute.KeyValue) (encoded []otlpAttribute) {
	for _, kv := range list {
		encoded = append(encoded, otlpAttribute{string(kv.Key), encodeValue(kv.Value.AsInterface())})
	}
	return encoded
}

// encodeValue names the type of a value, as AnyValue of OTLP does.
func encodeValue(v any) map[string]any {
	switch v := v.(type) {
	case bool:
		return map[string]any{"boolValue": v}
	case int64:
		return map[string]any{"intValue": strconv.FormatInt(v, 10)}
	case float64:
		switch { // JSON has no such numbers; protobuf's JSON writes them as these texts
		case math.IsNaN(v):
			return map[string]any{"doubleValue": "NaN"}
		case math.IsInf(v, 1):
			return map[string]any{"doubleValue": "Infinity"}
		case math.IsInf(v, -1):
			return map[string]any{"doubleValue": "-Infinity"}
		}
		return map[string]any{"doubleValue": v}
	case string:
		return map[string]any{"stringValue": v}
	case []byte:
		return map[string]any{"bytesValue": base64.StdEncoding.EncodeToString(v)}
	case []bool:
		return encodeList(v)
	case []int64:
		return encodeList(v)
	case []float64:
		return encodeList(v)
	case []string:
		return encodeList(v)
	}
	return map[string]any{}
}

// encodeList writes a list of values of one type.
func encodeList[T any](list []T) map[string]any {
	values := make([]map[string]any, len(list))
	for n, v := range list {
		values[n] = encodeValue(v)
	}
	return map[string]any{"arrayValue": map[string]any{"values": values}}
}
