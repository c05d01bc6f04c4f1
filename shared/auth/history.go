package auth

import (
	"encoding/json"
	"os/user"
	"time"

	"github.com/google/uuid"
)

// KeyChange is what a command did to the keys file.
type KeyChange struct {
	ID      string          `json:"id"` // ascends with time
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"` // the account that ran the command
	Action  string          `json:"action"`
	Shop    string          `json:"shop"` // "" for a service key, which is of every shop
	Subject string          `json:"subject"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
}

// keepHistory is how long changes of the keys file are kept.
const keepHistory = 366 * 24 * time.Hour

// note adds a change to the history, and drops those that are past their time.
func (f *KeysFile) note(action, shop, subject string, before, after json.RawMessage) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	actor := "unknown"
	if u, err := user.Current(); err == nil {
		actor = u.Username
	}
	for len(f.History) > 0 && now.Sub(f.History[0].At) > keepHistory {
		f.History = f.History[1:]
	}
	f.History = append(f.History, KeyChange{uuid.Must(uuid.NewV7()).String(), now, actor, action, shop, subject, before, after})
}

// described is what the history says of a key: all but its digest.
func (k Key) described() json.RawMessage {
	k.Digest = ""
	data, _ := json.Marshal(k) // of texts, numbers and times
	return data
}

// described is what the history says of a shop's settings: no secret is in it.
func (s ShopSettings) described() json.RawMessage {
	type secret struct {
		ID string `json:"id"`
	}
	shown := struct {
		RequireUserToken bool     `json:"require_user_token"`
		UserSecrets      []secret `json:"user_secrets"`
	}{RequireUserToken: s.RequireUserToken}
	for _, u := range s.UserSecrets {
		shown.UserSecrets = append(shown.UserSecrets, secret{u.ID})
	}
	data, _ := json.Marshal(shown)
	return data
}

// History returns what was done to the keys of a shop and to those of all shops, oldest first.
func (a *Authenticator) History(shop string) (list []KeyChange) {
	if a.open {
		return nil
	}
	a.reload()
	for _, c := range *a.history.Load() {
		if c.Shop == shop || c.Shop == "" {
			list = append(list, c)
		}
	}
	return list
}
