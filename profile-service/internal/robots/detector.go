package robots

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// gatherFor is how long suspects are gathered before they are judged together.
	gatherFor = 2 * time.Second
	// mostMeasured bounds the events of one suspect that are read.
	mostMeasured = 20_000
	judgeTimeout = time.Minute
	// byDetector stands where a person's key stands otherwise.
	byDetector = "detector"
)

// Store is the port to the database.
type Store interface {
	store.Robots
	Scan(ctx context.Context, shop string, q store.ScanQuery, f func(*store.Event) bool) error
	LastSeq(ctx context.Context, shop string) (int64, error)
	Canonical(ctx context.Context, shop, subject string) (string, error)
}

// Detector judges suspects.
type Detector struct {
	store    Store
	logger   *slog.Logger
	now      func() time.Time
	suspects *suspects
	found    *prometheus.CounterVec
}

// NewDetector returns a detector with its metric on registry.
func NewDetector(s Store, logger *slog.Logger, now func() time.Time, registry prometheus.Registerer) *Detector {
	d := &Detector{store: s, logger: logger, now: now, suspects: newSuspects(now), found: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_profile_robots_found_total", Help: "Visitors judged to be robots, by the first reason.",
	}, []string{"reason"})}
	registry.MustRegister(d.found)
	for _, reason := range []string{
		profileapi.RobotRate, profileapi.RobotBreadth, profileapi.RobotNoDwell, profileapi.RobotAgent, profileapi.RobotBurst,
	} {
		d.found.WithLabelValues(reason)
	}
	return d
}

// Saw takes note of stored events. It costs about .2 µs an event (BenchmarkSaw).
func (d *Detector) Saw(shop string, rows []store.NewEvent, from Sender) {
	d.suspects.saw(shop, rows, from)
}

// Run judges suspects as they come until ctx ends. Without any it costs nothing.
func (d *Detector) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.suspects.wake:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(gatherFor):
		}
		for shop, list := range d.suspects.take() {
			if _, err := d.judge(ctx, shop, list); err != nil && ctx.Err() == nil {
				d.logger.Warn("suspects not judged, they are when they go on", "shop", shop, "suspects", len(list), "error", err)
			}
		}
	}
}

// detail is what is stored beside a verdict.
type detail struct {
	Reasons []profileapi.RobotReason `json:"reasons"`
	By      string                   `json:"by"`
	FromMs  int64                    `json:"from_ms,omitempty"`
	ToMs    int64                    `json:"to_ms,omitempty"`
}

// judge stores which of the suspects are robots, and returns how many.
func (d *Detector) judge(ctx context.Context, shop string, list []suspect) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	var rows []store.RobotRow
	reasons := map[string]int{}
	for n := range list {
		verdict, err := d.verdict(ctx, shop, &list[n])
		if err != nil {
			return 0, err
		}
		if len(verdict.Reasons) == 0 {
			continue
		}
		data, err := json.Marshal(verdict)
		if err != nil {
			return 0, err
		}
		rows = append(rows, store.RobotRow{Subject: list[n].subject, Verdict: store.Robot, AtMs: d.now().UnixMilli(), Detail: data})
		reasons[verdict.Reasons[0].Code]++
	}
	if len(rows) == 0 {
		return 0, nil
	}
	changed, err := d.store.Judge(ctx, shop, rows, false)
	if err != nil || changed == 0 {
		return 0, err
	}
	for reason, count := range reasons {
		d.found.WithLabelValues(reason).Add(float64(count))
	}
	d.logger.Info("robots found, models and figures leave them out", "shop", shop, "robots", changed)
	return changed, nil
}

// verdict returns why a suspect is a robot; no reasons when he is not.
func (d *Detector) verdict(ctx context.Context, shop string, s *suspect) (detail, error) {
	v := detail{By: byDetector, Reasons: s.reasons}
	if s.atMs == 0 { // only the network speaks against him
		return v, nil
	}
	a, err := d.measure(ctx, shop, s)
	if err != nil {
		return v, err
	}
	if more := behaviour(&a); len(more) > 0 {
		v.Reasons = append(v.Reasons, more...)
		v.FromMs, v.ToMs = a.FromMs, a.ToMs
	}
	return v, nil
}

// measure reads what a suspect did around the time at which he became one.
func (d *Detector) measure(ctx context.Context, shop string, s *suspect) (activity, error) {
	subject, err := d.store.Canonical(ctx, shop, s.subject)
	if err != nil {
		return activity{}, err
	}
	last, err := d.store.LastSeq(ctx, shop)
	if err != nil {
		return activity{}, err
	}
	const around = 2 * time.Hour
	var events []store.Event
	if err := d.store.Scan(ctx, shop, store.ScanQuery{
		UpTo: last, Subjects: []string{subject}, FromMs: max(1, s.atMs-around.Milliseconds()), ToMs: s.atMs + around.Milliseconds(),
		Descending: true, Limit: mostMeasured,
	}, func(e *store.Event) bool {
		kept := *e
		kept.Lines, kept.Rest = append([]byte(nil), e.Lines...), nil
		events = append(events, kept)
		return true
	}); err != nil {
		return activity{}, fmt.Errorf("measure a suspect: %w", err)
	}
	return busiestHour(events)
}

// Told returns a verdict as the API has it.
func Told(r *store.RobotRow) (profileapi.Robot, error) {
	var d detail
	if err := json.Unmarshal(r.Detail, &d); err != nil {
		return profileapi.Robot{}, fmt.Errorf("read a verdict: %w", err)
	}
	out := profileapi.Robot{
		Verdict: profileapi.VerdictRobot, Reasons: d.Reasons, JudgedBy: d.By, JudgedAt: wire.TimeOf(time.UnixMilli(r.AtMs)),
	}
	if r.Verdict == store.NoRobot {
		out.Verdict = profileapi.VerdictNoRobot
	}
	out.UserID, out.SessionID = event.SplitSubject(r.Subject)
	if d.FromMs != 0 {
		out.From, out.To = wire.TimeOf(time.UnixMilli(d.FromMs)), wire.TimeOf(time.UnixMilli(d.ToMs))
	}
	return out, nil
}

// Decided returns a person's verdict as it is stored.
func Decided(d *profileapi.RobotDecision, by string, at time.Time) (store.RobotRow, error) {
	subject := event.UserSubject(d.UserID)
	if d.UserID == "" {
		subject = event.SessionSubject(d.SessionID)
	}
	r := store.RobotRow{Subject: subject, Verdict: store.Robot, AtMs: at.UnixMilli()}
	what := "A person has said that this is a robot."
	if d.Verdict == profileapi.VerdictNoRobot {
		r.Verdict, what = store.NoRobot, "A person has said that this is no robot."
	}
	var err error
	r.Detail, err = json.Marshal(detail{
		By: by, Reasons: []profileapi.RobotReason{{Code: profileapi.RobotPerson, Detail: what}},
	})
	return r, err
}
