package service

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// told counts messages to the webhook.
type told struct{ delivered, failed prometheus.Counter }

// newTold makes both counters at once, so that a rate over failures is 0 rather than absent
// before the first.
func newTold(registry prometheus.Registerer) *told {
	messages := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_webhook_messages_total", Help: "Messages to the webhook, by result: delivered, or failed and tried again.",
	}, []string{"result"})
	registry.MustRegister(messages)
	return &told{messages.WithLabelValues("delivered"), messages.WithLabelValues("failed")}
}

// counted is send with its results counted; its errors come back as they are.
func (t *told) counted(
	send func(ctx context.Context, id string, body []byte) error,
) func(ctx context.Context, id string, body []byte) error {
	return func(ctx context.Context, id string, body []byte) error {
		err := send(ctx, id, body)
		if err == nil {
			t.delivered.Inc()
		} else {
			t.failed.Inc()
		}
		return err
	}
}
