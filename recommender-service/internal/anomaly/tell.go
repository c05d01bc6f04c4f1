package anomaly

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	tellEvery = time.Minute
	// claimFor is how long a message is its sender's: when he is gone, another sends it.
	claimFor = 2 * time.Minute
	// tellFor is for how long a message that is not taken is tried again, and tellAtOnce how many are sent at a time.
	tellFor    = 24 * time.Hour
	tellAtOnce = 20
)

// Untold is the port to the messages that wait.
type Untold interface {
	// ClaimUntold returns up to limit openings and closings of anomalies since a moment that nobody has been told of and that nobody tells,
	// and makes them the caller's for a while.
	ClaimUntold(ctx context.Context, sinceMs int64, claim time.Duration, limit int) ([]store.Untold, error)
	// Told notes that one was told.
	Told(ctx context.Context, u store.Untold) error
}

// Teller posts the opening and the closing of anomalies, each at least once.
type Teller struct {
	Store  Untold
	Send   func(ctx context.Context, id string, body []byte) error
	Logger *slog.Logger
	Now    func() time.Time
}

// webhookMessage is the body of a post.
type webhookMessage struct {
	Type    string      `json:"type"` // anomaly.opened or anomaly.closed
	Shop    string      `json:"shop"`
	Anomaly api.Anomaly `json:"anomaly"`
}

// Run tells what waits until ctx ends.
func (t *Teller) Run(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		if err := t.Tell(ctx); err != nil && ctx.Err() == nil {
			t.Logger.Warn("anomalies not told, it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tell sends what waits. What is not taken waits for the next time.
func (t *Teller) Tell(ctx context.Context) error {
	list, err := t.Store.ClaimUntold(ctx, t.Now().Add(-tellFor).UnixMilli(), claimFor, tellAtOnce)
	if err != nil {
		return err
	}
	for n := range list {
		u := &list[n]
		m := webhookMessage{Type: "anomaly.opened", Shop: u.Shop, Anomaly: Told(&u.Anomaly)}
		if u.Closing {
			m.Type = "anomaly.closed"
		}
		body, err := json.Marshal(m)
		if err != nil {
			return err
		}
		id := fmt.Sprintf("%s/%s/%s/%d", m.Type, u.Shop, u.Series, u.OpenedMs)
		if err := t.Send(ctx, id, body); err != nil {
			return fmt.Errorf("%s of shop %s: %w", u.Series, u.Shop, err)
		}
		if err := t.Store.Told(ctx, *u); err != nil {
			return err
		}
	}
	return nil
}
