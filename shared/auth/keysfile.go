package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/filelock"
)

// keysFileVersion is raised when the layout of the keys file changes. Older ones are read, and written as this one.
//
//	1: keys
//	2: shops, with what their user tokens are checked with. A program that does not know them must not write the file.
const keysFileVersion = 2

// MaxRate bounds the requests per second of a limit.
const MaxRate = 1_000_000

// Key is one entry of the keys file. The key itself is not in it, only its digest.
type Key struct {
	ID        string     `json:"id"`
	Kind      Kind       `json:"kind"`
	Shop      string     `json:"shop"`
	Digest    string     `json:"sha256"`
	Scopes    []string   `json:"scopes"`
	Origins   []string   `json:"origins,omitempty"`
	Rate      float64    `json:"rate,omitempty"` // requests per second, of a publishable key per client address; 0: as its kind
	Note      string     `json:"note,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// KeysFile is the content of the keys file, which all services read.
type KeysFile struct {
	Version int                     `json:"version"`
	Keys    []Key                   `json:"keys"`
	Shops   map[string]ShopSettings `json:"shops,omitempty"` // a shop that is not there requires no user tokens and has none
	History []KeyChange             `json:"history,omitempty"`
}

// ShopSettings are what the keys file says of a shop beside its keys.
type ShopSettings struct {
	// RequireUserToken lets publishable keys name a user only with a token of that user. It is on for a shop that gets its first key.
	RequireUserToken bool         `json:"require_user_token"`
	UserSecrets      []UserSecret `json:"user_secrets,omitempty"`
}

var shopPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// ValidateShop reports why a name cannot be a shop's: shops appear in file names, Redis keys and headers.
func ValidateShop(shop string) error {
	if !shopPattern.MatchString(shop) {
		return fmt.Errorf("shop %q: use 1 to 63 of a-z, 0-9, - and _, starting with a letter or digit", shop)
	}
	return nil
}

// ReadKeysFile reads and checks the keys file; every problem in it is reported at once.
func ReadKeysFile(path string) (KeysFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return KeysFile{}, fmt.Errorf("read keys file: %w", err)
	}
	var f KeysFile
	if err := json.Unmarshal(data, &f); err != nil {
		return KeysFile{}, fmt.Errorf("keys file %s is not JSON of the expected form: %w", path, err)
	}
	if err := f.validate(); err != nil {
		return KeysFile{}, fmt.Errorf("keys file %s: %w", path, err)
	}
	return f, nil
}

// validate reports everything that is wrong with the file.
func (f KeysFile) validate() error {
	var problems []error
	if f.Version < 1 || f.Version > keysFileVersion {
		problems = append(problems, fmt.Errorf("version is %d, this program reads 1 to %d", f.Version, keysFileVersion))
	}
	for name, settings := range f.Shops {
		if _, err := newShopTokens(settings); err != nil {
			problems = append(problems, fmt.Errorf("shops.%s: %w", name, err))
		}
	}
	for i, k := range f.Keys {
		if err := k.validate(); err != nil {
			problems = append(problems, fmt.Errorf("keys[%d] (%s): %w", i, k.ID, err))
		}
	}
	return errors.Join(problems...)
}

// validate reports the first thing that is wrong with a key.
func (k Key) validate() error {
	if k.Kind != KindService {
		if err := ValidateShop(k.Shop); err != nil {
			return err
		}
	}
	if !(k.Rate >= 0 && k.Rate <= MaxRate) {
		return fmt.Errorf("rate %g is not between 0 and %d requests per second", k.Rate, MaxRate)
	}
	if len(k.Digest) != sha256.Size*2 {
		return errors.New("sha256 is not a SHA-256 digest in hexadecimal")
	}
	allowed := Scopes()
	switch k.Kind {
	case KindPublishable:
		allowed = publishableScopes
	case KindSecret: // what the admin port shows is about all shops
		allowed = slices.DeleteFunc(allowed, func(scope string) bool { return scope == ScopeAdminRead })
	}
	for _, s := range k.Scopes {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("scope %q is not one that a %s key can hold; those are %s", s, k.Kind, strings.Join(allowed, ", "))
		}
	}
	switch k.Kind {
	case KindSecret, KindPublishable, KindService:
		return nil
	}
	return fmt.Errorf("kind %q is not one of %s, %s, %s", k.Kind, KindSecret, KindPublishable, KindService)
}

// NewKey describes a key to create.
type NewKey struct {
	Kind    Kind
	Shop    string
	Scopes  []string // nil: all that the kind can hold
	Origins []string
	Rate    float64 // requests per second; 0: as its kind
	Note    string
	Expires *time.Time
}

// Generate makes a random key and its entry for the keys file. The key is returned once and stored nowhere.
func Generate(n NewKey, now time.Time) (string, Key, error) {
	scopes := n.Scopes
	if scopes == nil {
		scopes = []string{ScopeAll}
		if n.Kind == KindPublishable {
			scopes = publishableScopes
		}
	}
	prefix := map[Kind]string{KindSecret: "sk_", KindPublishable: "pk_", KindService: "ik_"}[n.Kind]
	secret := prefix + randomText(20)
	k := Key{
		ID: "key_" + strings.ToLower(randomText(8)), Kind: n.Kind, Shop: n.Shop, Digest: digest(secret), Scopes: scopes,
		Origins: n.Origins, Rate: n.Rate, Note: n.Note, CreatedAt: now.UTC().Truncate(time.Second), ExpiresAt: n.Expires,
	}
	if n.Kind == KindService {
		k.Shop = ""
	}
	if err := k.validate(); err != nil {
		return "", Key{}, err
	}
	for _, origin := range k.Origins {
		if err := validateOrigin(origin); err != nil {
			return "", Key{}, err
		}
	}
	return secret, k, nil
}

// validateOrigin refuses what no browser sends as Origin, so that a key does not silently work nowhere.
func validateOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin ||
		strings.ToLower(origin) != origin {
		return fmt.Errorf(
			"origin %q is not scheme and host in lower case without a path: write it like https://shop.example or "+
				"http://localhost:3000, or * for any page",
			origin,
		)
	}
	return nil
}

// AppendKey adds an entry to the keys file, which is made when absent (mode 0600) and replaced atomically. Processes that change the file
// at once wait for each other.
func AppendKey(path string, k Key) error {
	return changeKeysFile(path, func() error {
		f, err := ReadKeysFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			f = KeysFile{Version: keysFileVersion}
		} else if err != nil {
			return err
		}
		known := slices.ContainsFunc(f.Keys, func(other Key) bool { return other.Shop == k.Shop })
		if _, ok := f.Shops[k.Shop]; !known && !ok && k.Shop != "" {
			f.set(k.Shop, ShopSettings{RequireUserToken: true})
		}
		f.Keys = append(f.Keys, k)
		f.note("key.create", k.Shop, k.ID, nil, k.described())
		return writeKeysFile(path, f)
	})
}

// set keeps the settings of a shop.
func (f *KeysFile) set(shop string, s ShopSettings) {
	if f.Shops == nil {
		f.Shops = map[string]ShopSettings{}
	}
	f.Shops[shop] = s
}

// EditShop changes what the keys file says of a shop beside its keys.
func EditShop(path, shop string, edit func(*ShopSettings) error) error {
	return changeKeysFile(path, func() error {
		f, err := ReadKeysFile(path)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(f.Keys, func(k Key) bool { return k.Shop == shop }) {
			return fmt.Errorf("keys file %s has no key of a shop %q: create one first", path, shop)
		}
		settings := f.Shops[shop]
		before := settings.described()
		if err := edit(&settings); err != nil {
			return err
		}
		f.set(shop, settings)
		f.note("key.user_tokens", shop, shop, before, settings.described())
		return writeKeysFile(path, f)
	})
}

// InitKeysFile makes a keys file without keys unless there is a file already, which must then be readable.
func InitKeysFile(path string) error {
	return changeKeysFile(path, func() error {
		_, err := ReadKeysFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return writeKeysFile(path, KeysFile{Version: keysFileVersion, Keys: []Key{}})
		}
		return err
	})
}

// RemoveKey takes the entry with this id out of the keys file.
func RemoveKey(path, id string) error {
	return changeKeysFile(path, func() error {
		f, err := ReadKeysFile(path)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(f.Keys, func(k Key) bool { return k.ID == id })
		if at < 0 {
			return fmt.Errorf("keys file %s has no key with id %q", path, id)
		}
		f.note("key.revoke", f.Keys[at].Shop, id, f.Keys[at].described(), nil)
		f.Keys = slices.Delete(f.Keys, at, at+1)
		return writeKeysFile(path, f)
	})
}

// keysFileWait is how long a change waits for another one, which takes milliseconds.
const keysFileWait = 30 * time.Second

// changeKeysFile lets f read and write the keys file while no other process does.
func changeKeysFile(path string, f func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), keysFileWait)
	defer cancel()
	release, err := filelock.Wait(ctx, path+".lock")
	if err != nil {
		return fmt.Errorf("change keys file %s: %w", path, err)
	}
	return errors.Join(f(), release())
}

// writeKeysFile replaces the file in one step, so that a process that reads it meanwhile sees
// the old or the new one whole.
func writeKeysFile(path string, f KeysFile) error {
	f.Version = keysFileVersion
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("encode keys file: %w", err)
	}
	if err := filelock.Replace(path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write keys file: %w", err)
	}
	return nil
}

// randomText is so many random bytes in base 32, in lower case: 20 bytes are 32 characters.
func randomText(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// digest is how a key is kept and looked up: SHA-256 in hexadecimal. A slow hash would protect
// words that people choose; these are random.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
