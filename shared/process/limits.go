package process

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// Limits are the rate limits of a process. The Redis of redisURL, "" for none, is not waited for: while it does not answer, each process
// counts for itself. The caller closes it. The errors are about all settings at once.
func Limits(publishable, secret float64, proxies []string, redisURL string) (httpserver.RateLimits, error) {
	limits := httpserver.RateLimits{PublishablePerSecond: publishable, SecretPerSecond: secret}
	var proxiesErr, redisErr error
	if limits.TrustedProxies, proxiesErr = httpserver.ParseProxies(proxies); proxiesErr != nil {
		proxiesErr = fmt.Errorf("trusted proxies: %w", proxiesErr)
	}
	if publishable == 0 {
		proxiesErr = errors.Join(proxiesErr, errors.New("the rate of publishable keys is 0: use more; everybody can see such a key"))
	}
	var options *redis.UniversalOptions
	if redisURL != "" {
		options, redisErr = database.ParseRedisURL(redisURL)
	}
	if err := errors.Join(limits.Validate(), proxiesErr, redisErr); err != nil {
		return limits, err
	}
	if options != nil {
		limits.Redis = redis.NewUniversalClient(options)
	}
	return limits, nil
}
