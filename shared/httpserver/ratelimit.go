package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/go-redis/redis_rate/v10"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/cacheclock"
)

// RateLimits bound what one caller may ask per second, of each service. A publishable key is counted per client address, since every
// visitor of a shop shows the same one. A key with a rate of its own is counted by that.
type RateLimits struct {
	PublishablePerSecond float64               // per key and client address; DefaultPublishablePerSecond when 0
	SecretPerSecond      float64               // per key; 0 means no limit
	TrustedProxies       []netip.Prefix        // whose X-Forwarded-For is believed
	Redis                redis.UniversalClient // counts for all replicas; nil: each counts for itself
}

// DefaultPublishablePerSecond is more than a page asks.
const DefaultPublishablePerSecond = 20

// Validate reports every problem of the limits at once.
func (l RateLimits) Validate() error {
	var problems []error
	for name, v := range map[string]float64{"publishable": l.PublishablePerSecond, "secret": l.SecretPerSecond} {
		if !(v >= 0 && v <= auth.MaxRate) {
			problems = append(problems, fmt.Errorf("the rate of %s keys is %g: use up to %d requests per second", name, v, auth.MaxRate))
		}
	}
	return errors.Join(problems...)
}

const (
	burstSeconds      = 3
	maxTrackedCallers = 100_000
	// leaseShare is the part of a second's requests that is taken from the shared count at a time, and leaseTime how long it is good.
	leaseShare = 4
	leaseTime  = time.Second
	// redisPatience is what a request waits for the shared count, and redisRest how long nobody asks it again when it did not answer.
	redisPatience = 50 * time.Millisecond
	redisRest     = time.Second
)

// limiter counts the requests of callers.
type limiter struct {
	limits  RateLimits
	service string
	logger  *slog.Logger
	callers *otter.Cache[string, *bucket]
	shared  *redis_rate.Limiter // nil: counted here alone
	// refused are the requests beyond a limit, by kind of key.
	refused map[auth.Kind]prometheus.Counter
	away    atomic.Int64 // unix ns until which the shared count is not asked
}

// bucket is what one caller has left: of the count of this process, and of what it took from the shared one.
type bucket struct {
	local *rate.Limiter

	mu     sync.Mutex
	leased int
	until  time.Time
}

// newLimiter returns the limits of a service, counted here until a Redis answers.
func newLimiter(o Options) *limiter {
	l := &limiter{limits: o.RateLimits, service: o.Service, logger: o.Logger, callers: otter.Must(&otter.Options[string, *bucket]{
		MaximumSize: maxTrackedCallers,
		Clock:       cacheclock.New(), ExpiryCalculator: otter.ExpiryAccessing[string, *bucket](10 * time.Minute),
	})}
	if l.limits.PublishablePerSecond == 0 {
		l.limits.PublishablePerSecond = DefaultPublishablePerSecond
	}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_rate_limited_total", Help: "Requests refused because their caller asked too often, by kind of key.",
		ConstLabels: prometheus.Labels{"service": o.Service},
	}, []string{"kind"})
	l.refused = map[auth.Kind]prometheus.Counter{
		auth.KindPublishable: refused.WithLabelValues("publishable"), auth.KindSecret: refused.WithLabelValues("secret"),
	}
	if o.Registry != nil {
		o.Registry.MustRegister(refused)
	}
	if o.RateLimits.Redis != nil {
		l.shared = redis_rate.NewLimiter(o.RateLimits.Redis)
	}
	return l
}

// of returns who is counted for a request and how many requests a second that caller has, 0 for no limit.
func (l *limiter) of(p auth.Principal, r *http.Request) (caller string, perSecond float64) {
	switch p.Kind {
	case auth.KindPublishable:
		caller, perSecond = p.KeyID+" "+clientAddress(r, l.limits.TrustedProxies), l.limits.PublishablePerSecond
	case auth.KindSecret:
		caller, perSecond = p.KeyID, l.limits.SecretPerSecond
	}
	if p.Rate > 0 {
		perSecond = p.Rate
	}
	return caller, perSecond
}

// middleware refuses callers beyond their limit.
func (l *limiter) middleware(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	p := auth.FromContext(ctx.Context())
	if caller, perSecond := l.of(p, c.Request); perSecond <= 0 || l.admit(c, p.Kind, caller, perSecond) {
		next(ctx)
	}
}

// admit counts a request. It answers 429 with Retry-After beyond the limit and tells the caller what is left.
func (l *limiter) admit(c *gin.Context, kind auth.Kind, caller string, perSecond float64) bool {
	burst := int(math.Ceil(perSecond * burstSeconds))
	left, ok := l.take(c.Request.Context(), caller, perSecond, burst)
	c.Header("RateLimit-Policy", `"key";q=`+strconv.Itoa(burst)+`;w=`+strconv.Itoa(burstSeconds))
	c.Header("RateLimit", `"key";r=`+strconv.Itoa(max(0, left))+`;t=`+strconv.Itoa(burstSeconds))
	if ok {
		return true
	}
	if count := l.refused[kind]; count != nil { // a caller without a key has no limit
		count.Inc()
	}
	problem := apierror.New(http.StatusTooManyRequests, "rate_limited", fmt.Sprintf("More than %g requests per second.", perSecond))
	problem.RetryAfter = time.Duration(float64(time.Second) / min(perSecond, 1))
	WriteProblem(c, problem)
	return false
}

// take takes one request from what a caller has; left is what may follow at once. Where the
// shared count does not answer in time, this process counts by itself for a second, and the log
// says so once in a while: a limit must not make the API depend on Redis.
func (l *limiter) take(ctx context.Context, caller string, perSecond float64, burst int) (left int, ok bool) {
	b, _ := l.callers.ComputeIfAbsent(caller+" "+strconv.FormatFloat(perSecond, 'g', -1, 64), func() (*bucket, bool) {
		return &bucket{local: rate.NewLimiter(rate.Limit(perSecond), burst)}, false
	})
	now := time.Now()
	if l.shared != nil && now.UnixNano() >= l.away.Load() {
		if left, ok, err := l.lease(ctx, b, caller, perSecond, burst, now); err == nil {
			return left, ok
		}
	}
	ok = b.local.AllowN(now, 1)
	return int(b.local.TokensAt(now)), ok
}

// errAway says that Redis is not asked for a moment.
var errAway = errors.New("no answer from Redis")

// lease takes one request from what this process holds of the shared count, which is asked for a few at a time: most requests cost no round
// trip.
func (l *limiter) lease(
	ctx context.Context, b *bucket, caller string, perSecond float64, burst int, now time.Time,
) (left int, ok bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.leased > 0 && now.Before(b.until) {
		b.leased--
		return b.leased, true, nil
	}
	if now.UnixNano() < l.away.Load() { // the caller's request before this one has waited in vain
		return 0, false, errAway
	}
	limited, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	limit := redis_rate.Limit{Rate: 1, Period: time.Duration(float64(time.Second) / perSecond), Burst: burst}
	got, err := l.shared.AllowAtMost(limited, l.service+" "+caller, limit, max(1, int(perSecond/leaseShare)))
	if err != nil && ctx.Err() == nil && l.away.Swap(now.Add(redisRest).UnixNano()) < now.Add(-redisRest).UnixNano() {
		l.logger.Warn("Redis does not count requests, each process does for itself", "error", err)
	}
	if err != nil || got.Allowed == 0 {
		return 0, false, err
	}
	b.leased, b.until = got.Allowed-1, now.Add(leaseTime)
	return b.leased + got.Remaining, true, nil
}
