package httpserver

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
)

// RateLimits bound what one caller may ask per second. A publishable key is counted per client address, since every visitor
// of a shop shows the same one.
type RateLimits struct {
	PublishablePerSecond float64 // per key and client address; default 20
	SecretPerSecond      float64 // per key; 0 means no limit
}

const (
	defaultPublishablePerSecond = 20
	burstSeconds                = 3
	maxTrackedCallers           = 100_000
)

// limitRate answers 429 with Retry-After beyond the limit and tells every limited caller what is left.
func limitRate(_ huma.API, limits RateLimits) func(huma.Context, func(huma.Context)) {
	if limits.PublishablePerSecond == 0 {
		limits.PublishablePerSecond = defaultPublishablePerSecond
	}
	callers := otter.Must(&otter.Options[string, *rate.Limiter]{
		MaximumSize:      maxTrackedCallers,
		ExpiryCalculator: otter.ExpiryAccessing[string, *rate.Limiter](10 * time.Minute),
	})
	return func(ctx huma.Context, next func(huma.Context)) {
		p := auth.FromContext(ctx.Context())
		perSecond, caller := limits.SecretPerSecond, p.KeyID
		if p.Kind == auth.KindPublishable {
			perSecond, caller = limits.PublishablePerSecond, p.KeyID+" "+humagin.Unwrap(ctx).RemoteIP()
		}
		if perSecond <= 0 || p.Kind == auth.KindService || p.KeyID == "" {
			next(ctx)
			return
		}
		burst := int(math.Ceil(perSecond * burstSeconds))
		limiter, _ := callers.ComputeIfAbsent(caller, func() (*rate.Limiter, bool) {
			return rate.NewLimiter(rate.Limit(perSecond), burst), false
		})
		ctx.SetHeader("RateLimit-Policy", fmt.Sprintf(`"key";q=%d;w=%d`, burst, burstSeconds))
		allowed := limiter.Allow()
		ctx.SetHeader("RateLimit", fmt.Sprintf(`"key";r=%d;t=%d`, max(0, int(limiter.Tokens())), burstSeconds))
		if allowed {
			next(ctx)
			return
		}
		problem := apierror.New(http.StatusTooManyRequests, "rate_limited", fmt.Sprintf("More than %g requests per second.", perSecond))
		problem.RetryAfter = time.Second
		writeProblem(humagin.Unwrap(ctx), problem)
	}
}
