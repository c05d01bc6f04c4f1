package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

// secretBytes is the length of a secret: 256 bits, as AES-256 and HMAC-SHA-256 want.
const secretBytes = 32

// Secret returns a random secret of the installation, which all replicas share; it is made when there is none of that name.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, secretBytes)
	_, _ = rand.Read(fresh) // it never fails
	var text string
	err := s.inTx(ctx, func(t *tx) error {
		if _, err := t.Exec(
			ctx, "insert into meta (name, value) values ($1, $2) on conflict (name) do nothing", "secret:"+name,
			base64.StdEncoding.EncodeToString(fresh),
		); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, s.Rebind("select value from meta where name = $1"), "secret:"+name).Scan(&text)
	})
	if err != nil {
		return nil, fmt.Errorf("read the secret of %s: %w", name, err)
	}
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("the secret %q in the table meta is damaged: delete the row, and a new one is made", "secret:"+name)
	}
	return secret, nil
}
