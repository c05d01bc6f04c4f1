package auth

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/aisle-rec/aisle/shared/apierror"
)

const (
	uuidSession = "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d"
	gaSession   = "1234567890.1764350127"
)

// tokenShop is a keys file of a new shop with a publishable key and secrets of both algorithms.
type tokenShop struct {
	path, key string
	secrets   map[string]UserSecret // by algorithm
	private   map[string]string
}

func newTokenShop(t *testing.T) tokenShop {
	t.Helper()
	path, keys := keysFile(t, NewKey{Kind: KindPublishable, Shop: "red"})
	s := tokenShop{path, keys[0], map[string]UserSecret{}, map[string]string{}}
	for _, algorithm := range []string{HS256, EdDSA} {
		secret, private, err := GenerateUserSecret(algorithm, time.Now())
		if err == nil {
			err = EditShop(path, "red", func(settings *ShopSettings) error {
				settings.UserSecrets = append(settings.UserSecrets, secret)
				return nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		s.secrets[algorithm], s.private[algorithm] = secret, private
	}
	return s
}

// token signs claims with a key of the caller's choice.
func token(t *testing.T, method jwt.SigningMethod, kid string, key any, claims jwt.MapClaims) string {
	t.Helper()
	unsigned := jwt.NewWithClaims(method, claims)
	if kid != "" {
		unsigned.Header["kid"] = kid
	}
	signed, err := unsigned.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestUserTokens(t *testing.T) {
	t.Parallel()
	s := newTokenShop(t)
	a, err := NewAuthenticator(Options{KeysFile: s.path})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	good := jwt.MapClaims{"sub": "ann", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	with := func(name string, value any) jwt.MapClaims {
		c := jwt.MapClaims{"sub": "ann", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	h := s.secrets[HS256]
	public, err := base64.StdEncoding.DecodeString(s.secrets[EdDSA].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(algorithm string) string {
		text, err := SignUserToken(s.secrets[algorithm], s.private[algorithm], "ann", now, maxTokenLife)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct {
		token string
		code  string // of the refusal; "" when the token binds ann
	}{
		"our own, HS256":                 {signed(HS256), ""},
		"our own, EdDSA":                 {signed(EdDSA), ""},
		"another library's, without kid": {token(t, jwt.SigningMethodHS256, "", []byte(h.Secret), good), ""},
		"another key": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(strings.Repeat("x", 32)), good), "user_token_invalid",
		},
		"another pair of keys": {token(t, jwt.SigningMethodEdDSA, "", stranger, good), "user_token_invalid"},
		"no signature": {
			token(t, jwt.SigningMethodNone, "", jwt.UnsafeAllowNoneSignatureType, good), "user_token_invalid",
		},
		"a public key as the shared secret": {token(t, jwt.SigningMethodHS256, s.secrets[EdDSA].ID, public, good), "user_token_invalid"},
		"another hash":                      {token(t, jwt.SigningMethodHS512, h.ID, []byte(h.Secret), good), "user_token_invalid"},
		"a kid that is not there":           {token(t, jwt.SigningMethodHS256, "ut_none", []byte(h.Secret), good), "user_token_invalid"},
		"expired": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("exp", now.Add(-time.Hour).Unix())), "user_token_expired",
		},
		"without an end": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("exp", nil)), "user_token_invalid",
		},
		"without a beginning": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("iat", nil)), "user_token_invalid",
		},
		"for longer than a day": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("exp", now.Add(25*time.Hour).Unix())), "user_token_invalid",
		},
		"from the future": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("iat", now.Add(time.Hour).Unix())), "user_token_invalid",
		},
		"not valid yet": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("nbf", now.Add(time.Hour).Unix())), "user_token_invalid",
		},
		"for nobody": {
			token(t, jwt.SigningMethodHS256, h.ID, []byte(h.Secret), with("sub", nil)), "user_token_invalid",
		},
		"no token at all": {"abc", "user_token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := a.Authenticate(request("X-API-Key", s.key, UserTokenHeader, c.token))
			if c.code == "" {
				if err != nil || p.User != "ann" {
					t.Errorf("binds %q, %v", p.User, err)
				}
				return
			}
			if !apierror.Is(err, http.StatusUnauthorized) || apierror.From(err).Code != c.code || strings.Contains(err.Error(), h.Secret) {
				t.Errorf("%v, want %s", err, c.code)
			}
			if beaconP, beaconErr := a.AuthenticateBeacon(s.key, c.token, request()); beaconErr == nil {
				t.Errorf("in a beacon it binds %q", beaconP.User)
			}
		})
	}
}

func TestWhoAPublishableKeyMayActFor(t *testing.T) {
	t.Parallel()
	s := newTokenShop(t)
	required, err := NewAuthenticator(Options{KeysFile: s.path})
	if err != nil {
		t.Fatal(err)
	}
	// A file as it was written before there were user tokens.
	old, keys := keysFile(t, NewKey{Kind: KindPublishable, Shop: "red"}, NewKey{Kind: KindSecret, Shop: "red"})
	data, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(data), `,
  "shops"`)
	if !found {
		t.Fatalf("a new keys file says nothing of its shop: %s", data)
	}
	if err := os.WriteFile(old, []byte(strings.Replace(before, `"version": 2`, `"version": 1`, 1)+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, key, err := Generate(NewKey{Kind: KindPublishable, Shop: "red"}, time.Now()); err != nil || AppendKey(old, key) != nil {
		t.Fatal(err)
	}
	optional, err := NewAuthenticator(Options{KeysFile: old})
	if err != nil {
		t.Fatal(err)
	}
	ann, err := SignUserToken(s.secrets[HS256], s.private[HS256], "ann", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		of                 *Authenticator
		key, token         string
		user, session, bad string // bad: codes of the refusal
	}{
		"its own random session":                       {required, s.key, "", "", uuidSession, ""},
		"a client id of an analytics tool":             {required, s.key, "", "", gaSession, ""},
		"nobody":                                       {required, s.key, "", "", "", ""},
		"a user without a token":                       {required, s.key, "", "ann", "", "user_token_needed"},
		"a user without a token, in his session":       {required, s.key, "", "ann", uuidSession, "user_token_needed"},
		"the user of the token":                        {required, s.key, ann, "ann", uuidSession, ""},
		"another than the user of the token":           {required, s.key, ann, "bob", uuidSession, "user_token_mismatch"},
		"a session that can be guessed":                {required, s.key, "", "", "17", "guessable_session"},
		"the same with a token":                        {required, s.key, ann, "ann", "session-1", "guessable_session"},
		"a session of few characters":                  {required, s.key, "", "", "abababababababababab", "guessable_session"},
		"a session that counts":                        {required, s.key, "", "", "session-0000000001", "guessable_session"},
		"a session that is a person":                   {required, s.key, "", "", "ann.smith@shop.example", "guessable_session"},
		"a user and a session that are both refused":   {required, s.key, "", "ann", "1", "user_token_needed guessable_session"},
		"anybody, where the keys file is an older one": {optional, keys[0], "", "ann", "1", ""},
		"anybody, with a secret key":                   {optional, keys[1], "", "ann", "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request("X-API-Key", c.key)
			if c.token != "" {
				r.Header.Set(UserTokenHeader, c.token)
			}
			p, err := c.of.Authenticate(r)
			if err != nil {
				t.Fatal(err)
			}
			visitors := p.Visitors()
			visitors.Name("/events/3", c.user, c.session)
			var codes []string
			if err := visitors.Err(); err != nil {
				problem := apierror.From(err)
				for _, field := range problem.Errors {
					codes = append(codes, field.Code)
				}
				if problem.Status != http.StatusForbidden || !strings.HasPrefix(problem.Errors[0].Pointer, "/events/3/") {
					t.Errorf("%v", problem)
				}
			}
			if got := strings.Join(codes, " "); got != c.bad {
				t.Errorf("refused with %q, want %q", got, c.bad)
			}
		})
	}
}

func TestATokenPassesNoLongerThanItsSecretAndItsTime(t *testing.T) {
	t.Parallel()
	s := newTokenShop(t)
	now := time.Now()
	a, err := NewAuthenticator(Options{KeysFile: s.path, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ann, err := SignUserToken(s.secrets[HS256], s.private[HS256], "ann", now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	asks := func() string {
		p, err := a.Authenticate(request("X-API-Key", s.key, UserTokenHeader, ann))
		if err != nil {
			return apierror.From(err).Code
		}
		return p.User
	}
	if first, second := asks(), asks(); first != "ann" || second != "ann" {
		t.Fatalf("binds %q, then %q", first, second)
	}
	if err := EditShop(
		s.path, "red", func(settings *ShopSettings) error { settings.UserSecrets = settings.UserSecrets[1:]; return nil },
	); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if err := os.Chtimes(s.path, now, now); err != nil { // file systems may keep times to the second only
		t.Fatal(err)
	}
	if got := asks(); got != "user_token_invalid" {
		t.Errorf("without its secret it is %q", got)
	}
	if ann, err = SignUserToken(s.secrets[EdDSA], s.private[EdDSA], "ann", now, time.Hour); err != nil || asks() != "ann" {
		t.Fatalf("the other secret's: %v", err)
	}
	now = now.Add(2 * time.Hour)
	if got := asks(); got != "user_token_expired" {
		t.Errorf("after its time it is %q", got)
	}
}

// BenchmarkUserToken is what a token costs a request, by its algorithm.
func BenchmarkUserToken(b *testing.B) {
	for _, algorithm := range []string{HS256, EdDSA} {
		b.Run(algorithm, func(b *testing.B) {
			secret, private, err := GenerateUserSecret(algorithm, time.Now())
			if err != nil {
				b.Fatal(err)
			}
			rules, err := newTokenRules(map[string]ShopSettings{"red": {RequireUserToken: true, UserSecrets: []UserSecret{secret}}})
			if err != nil {
				b.Fatal(err)
			}
			a := &Authenticator{now: time.Now, tokens: tokenParser(time.Now)}
			a.rules.Store(rules)
			text, err := SignUserToken(secret, private, "ann", time.Now(), time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p, err := a.bind(Principal{Shop: "red", Kind: KindPublishable}, text)
				if err != nil {
					b.Fatal(err)
				}
				visitors := p.Visitors()
				if visitors.Name("", "ann", uuidSession); visitors.Err() != nil {
					b.Fatal(visitors.Err())
				}
			}
		})
	}
}
