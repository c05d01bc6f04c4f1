package figures

import (
	"context"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// ruleMetric names a metric of what a rule acted on, by the rule's name in explanations.
func ruleMetric(rule, metric string) string { return rulePrefix + rule + "|" + metric }

// rulePrefix begins the metrics of rules; no id holds the mark behind it.
const rulePrefix = "by_rule:"

// channelMetric names a metric of what came through a channel. It is counted beside the metric of all.
func channelMetric(channel, metric string) string { return channelPrefix + channel + "|" + metric }

// channelPrefix begins the metrics of channels; it stands before that of rules.
const channelPrefix = "by_channel:"

// ofChannel splits the metric of a channel; channel is "" for that of all.
func ofChannel(metric string) (channel, rest string) {
	name, ok := strings.CutPrefix(metric, channelPrefix)
	if !ok {
		return "", metric
	}
	channel, rest, _ = strings.Cut(name, "|")
	return channel, rest
}

// ofRule splits the metric of a rule; ok is false for another.
func ofRule(metric string) (rule, rest string, ok bool) {
	name, ok := strings.CutPrefix(metric, rulePrefix)
	if !ok {
		return "", metric, false
	}
	return strings.Cut(name, "|")
}

// hour counts something of an answer in the hour of a moment, and once more under the channel
// that the answer was asked for through, where that is known.
func (p *page) hour(a *answer, at time.Time, metric string, n float64) {
	key := store.HourKey{
		Shop: p.shop, Scenario: a.from.Scenario, Experiment: a.from.Experiment, Arm: a.from.Arm, HourMs: hourOf(at), Metric: metric,
	}
	p.counts.Hours[key] += n
	if a.decision != nil && a.decision.Request.Channel != "" {
		key.Metric = channelMetric(a.decision.Request.Channel, metric)
		p.counts.Hours[key] += n
	}
}

// add counts what a visitor did with a product that an answer showed: for its scenario and arm, for the rules that acted on it, and for the
// visitor.
func (p *page) add(a *answer, product, visitor string, e *profileapi.StoredEvent, metrics map[string]float64) {
	at := e.OccurredAt.Time
	for metric, n := range metrics {
		p.hour(a, at, metric, n)
		if it := a.item(product); it != nil {
			for _, rule := range it.Rules {
				p.hour(a, at, ruleMetric(rule, metric), n)
			}
		}
	}
	p.visitor(a, visitor, at, store.VisitorCount{
		Clicks: int64(metrics[Clicks]), Orders: int64(metrics[OrderLines]), Revenue: metrics[Revenue],
	})
}

// visitor counts what a visitor of an experiment did.
func (p *page) visitor(a *answer, visitor string, at time.Time, n store.VisitorCount) {
	if a.from.Experiment == "" || visitor == "" || n.Clicks == 0 && n.Orders == 0 && n.Revenue == 0 && n.Impressions == 0 {
		return
	}
	k := store.VisitorKey{Shop: p.shop, Experiment: a.from.Experiment, Arm: a.from.Arm, Visitor: visitor}
	v := p.counts.Visitors[k]
	if v.FirstMs == 0 {
		v.FirstMs = at.UnixMilli()
	}
	v.Clicks, v.Orders, v.Revenue, v.Impressions = v.Clicks+n.Clicks, v.Orders+n.Orders, v.Revenue+n.Revenue, v.Impressions+n.Impressions
	p.counts.Visitors[k] = v
}

// seen counts an item that a page says it showed. From the first such event on, only what is named so counts as seen of an answer, not all
// that was sent.
func (p *page) seen(ctx context.Context, id, visitor, itemID string, e *profileapi.StoredEvent) error {
	if id == "" {
		return nil
	}
	product := p.a.Product(p.shop, itemID).Key
	a, err := p.named(ctx, id, product, e)
	if a == nil || err != nil || a.decision == nil || a.decision.Items == nil || a.decision.Robot ||
		deniesAnalytics(a.decision.Request.Consent) {
		return err
	}
	first, err := p.once(ctx, id, "", "list", "", e.OccurredAt.UnixMilli())
	if err != nil {
		return err
	}
	if first {
		sentTo := decision.VisitorID(a.decision.Request.UserID, a.decision.Request.SessionID)
		for n := range a.decision.Items {
			p.impression(a, sentTo, a.decision.Items[n].Key, -1)
		}
	}
	if first, err = p.once(ctx, id, visitor, "seen", product, e.OccurredAt.UnixMilli()); err != nil || !first {
		return err
	}
	p.impression(a, visitor, product, 1)
	return nil
}

// impression counts an item as seen, or takes that back, in the hour of the answer.
func (p *page) impression(a *answer, visitor, product string, n float64) {
	at := a.decision.At
	p.hour(a, at, Impressions, n)
	if it := a.item(product); it != nil {
		p.hour(a, at, tierPrefix+it.Tier, n)
		for _, rule := range it.Rules {
			p.hour(a, at, ruleMetric(rule, Impressions), n)
		}
	}
	p.visitor(a, visitor, at, store.VisitorCount{Impressions: int64(n)})
}

// deniesAnalytics reports whether a visitor does not want to be counted.
func deniesAnalytics(c *profileapi.Consent) bool {
	return c != nil && c.Analytics != nil && !*c.Analytics
}
