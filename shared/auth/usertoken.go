package auth

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// UserTokenHeader carries the token that binds a page to a user.
const UserTokenHeader = "Aisle-User-Token"

// maxTokenLife is the longest time that a user token may be valid for.
const maxTokenLife = 24 * time.Hour

// clockSkew is how far the clocks of a shop's servers and ours may differ.
const clockSkew = time.Minute

// The algorithms of user tokens.
const (
	HS256 = "HS256" // a secret that the shop and Aisle share
	EdDSA = "EdDSA" // the shop keeps the private key, Aisle knows the public one; checking costs some ten times more
)

// UserSecret is what user tokens of a shop are checked with.
type UserSecret struct {
	ID        string    `json:"id"` // the token's "kid"
	Algorithm string    `json:"algorithm"`
	Secret    string    `json:"secret,omitempty"`     // of HS256: its bytes are the key
	PublicKey string    `json:"public_key,omitempty"` // of EdDSA: 32 bytes of Ed25519, base64
	CreatedAt time.Time `json:"created_at"`
}

// minUserSecret is the length of a secret for HS256: as many bytes as its hash has.
const minUserSecret = 32

// key returns what jwt checks a token with.
func (s UserSecret) key() (jwt.VerificationKey, error) {
	switch s.Algorithm {
	case HS256:
		if len(s.Secret) < minUserSecret {
			return nil, fmt.Errorf("the secret of %s has %d bytes: use at least %d random ones", s.ID, len(s.Secret), minUserSecret)
		}
		return []byte(s.Secret), nil
	case EdDSA:
		key, err := base64.StdEncoding.DecodeString(s.PublicKey)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("the public key of %s is not %d bytes of Ed25519 in base64", s.ID, ed25519.PublicKeySize)
		}
		return ed25519.PublicKey(key), nil
	}
	return nil, fmt.Errorf("the algorithm of %s is %q: use %s or %s", s.ID, s.Algorithm, HS256, EdDSA)
}

// GenerateUserSecret makes a secret. private is what tokens are signed with: the secret itself, or a private key in PEM (PKCS 8), which is
// kept nowhere.
func GenerateUserSecret(algorithm string, now time.Time) (s UserSecret, private string, err error) {
	s = UserSecret{ID: "ut_" + randomText(8), Algorithm: algorithm, CreatedAt: now.UTC().Truncate(time.Second)}
	switch algorithm {
	case HS256:
		s.Secret = "uts_" + randomText(minUserSecret)
		private = s.Secret
	case EdDSA:
		public, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return s, "", err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return s, "", err
		}
		s.PublicKey = base64.StdEncoding.EncodeToString(public)
		private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	_, err = s.key()
	return s, private, err
}

// SignUserToken makes a token that binds a page to a user, with what GenerateUserSecret called private.
func SignUserToken(s UserSecret, private, userID string, now time.Time, life time.Duration) (string, error) {
	if userID == "" {
		return "", errors.New("a user token needs the id of a user")
	}
	if life <= 0 || life > maxTokenLife {
		return "", fmt.Errorf("a user token is valid for up to %s, not for %s", maxTokenLife, life)
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(s.Algorithm), jwt.RegisteredClaims{
		Subject: userID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	})
	token.Header["kid"] = s.ID
	if s.Algorithm == HS256 {
		return token.SignedString([]byte(private))
	}
	key, err := jwt.ParseEdPrivateKeyFromPEM([]byte(private))
	if err != nil {
		return "", fmt.Errorf(
			"the private key cannot be read: %w; it is what \"aisle keys create-user-secret --algorithm EdDSA\" printed", err,
		)
	}
	return token.SignedString(key)
}

// shopTokens are the rules for user tokens of a shop.
type shopTokens struct {
	required bool
	keys     map[string]jwt.VerificationKey    // by "kid"
	without  map[string]jwt.VerificationKeySet // of tokens without one, by algorithm
	known    map[string]string                 // the algorithm by "kid"
}

// newShopTokens reads the secrets of a shop; the error names the one that cannot be used.
func newShopTokens(s ShopSettings) (*shopTokens, error) {
	t := &shopTokens{
		required: s.RequireUserToken, keys: map[string]jwt.VerificationKey{}, without: map[string]jwt.VerificationKeySet{},
		known: map[string]string{},
	}
	for _, secret := range s.UserSecrets {
		key, err := secret.key()
		if err != nil {
			return nil, err
		}
		t.keys[secret.ID], t.known[secret.ID] = key, secret.Algorithm
		set := t.without[secret.Algorithm]
		set.Keys = append(set.Keys, key)
		t.without[secret.Algorithm] = set
	}
	return t, nil
}

// find returns the key of a token; one of another algorithm than the token's is none, whoever wrote the token.
func (t *shopTokens) find(token *jwt.Token) (any, error) {
	algorithm := token.Method.Alg()
	if id, ok := token.Header["kid"].(string); ok {
		if key, ok := t.keys[id]; ok && t.known[id] == algorithm {
			return key, nil
		}
		return nil, fmt.Errorf("the shop has no user secret %.40q for %s", id, algorithm)
	}
	if set := t.without[algorithm]; len(set.Keys) > 0 {
		return set, nil
	}
	return nil, fmt.Errorf("the shop has no user secret for %s", algorithm)
}

// tokenParser checks signature, algorithm and times; what else a token must say is checked in
// check.
func tokenParser(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(jwt.WithValidMethods([]string{HS256, EdDSA}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew),
		jwt.WithTimeFunc(now), jwt.WithStrictDecoding())
}

// tokenRules are the rules of all shops, and the tokens that passed them lately: a page sends the same one with each request.
type tokenRules struct {
	shops  map[string]*shopTokens
	passed *otter.Cache[string, passedToken] // by shop and token
}

// passedToken is whom a token binds, and when it expires.
type passedToken struct {
	user  string
	until time.Time
}

// maxPassed bounds the tokens that are remembered, at about 500 bytes each.
const maxPassed = 20_000

func newTokenRules(shops map[string]ShopSettings) (*tokenRules, error) {
	r := &tokenRules{shops: map[string]*shopTokens{}, passed: otter.Must(&otter.Options[string, passedToken]{MaximumSize: maxPassed})}
	for name, settings := range shops {
		shop, err := newShopTokens(settings)
		if err != nil {
			return nil, fmt.Errorf("shop %s: %w", name, err)
		}
		r.shops[name] = shop
	}
	return r, nil
}

// bind gives a publishable key's principal the user of a token, "" for none.
func (a *Authenticator) bind(p Principal, token string) (Principal, error) {
	rules := a.rules.Load()
	shop := rules.shops[p.Shop]
	if shop == nil {
		shop = &shopTokens{}
	}
	p.needsToken = shop.required
	if token == "" {
		return p, nil
	}
	if passed, ok := rules.passed.GetIfPresent(p.Shop + " " + token); ok && a.now().Before(passed.until) {
		p.User = passed.user
		return p, nil
	}
	claims, err := a.check(shop, token)
	if err != nil {
		return p, err
	}
	p.User = claims.Subject
	rules.passed.Set(p.Shop+" "+token, passedToken{claims.Subject, claims.ExpiresAt.Time})
	return p, nil
}

// check returns what a token says, or why it is refused.
func (a *Authenticator) check(shop *shopTokens, token string) (claims jwt.RegisteredClaims, err error) {
	_, err = a.tokens.ParseWithClaims(token, &claims, shop.find)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		err = badToken("user_token_expired", "The user token has expired. Ask the shop's server for another.")
	case err != nil:
		err = badToken(
			"user_token_invalid",
			"The user token is refused: "+strings.TrimPrefix(err.Error(), "token is unverifiable: error while executing keyfunc: ")+".",
		)
	case claims.Subject == "":
		err = badToken("user_token_invalid", "The user token binds nobody: it needs the user's id as \"sub\".")
	case claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > maxTokenLife:
		err = badToken("user_token_invalid", fmt.Sprintf("The user token needs \"iat\", and an \"exp\" at most %s later.", maxTokenLife))
	}
	return claims, err
}

// badToken is a 401 problem about the header of the token.
func badToken(code, detail string) error {
	return apierror.New(http.StatusUnauthorized, code, detail, apierror.FieldError{Parameter: UserTokenHeader, Code: code, Detail: detail})
}
