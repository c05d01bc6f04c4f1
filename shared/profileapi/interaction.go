package profileapi

import "github.com/aisle-rec/aisle/shared/wire"

// InteractionsContentType names the compact stream that GET /v1/interactions sends by default; NDJSON is the form for people.
const InteractionsContentType = "application/vnd.aisle.interactions.v1"

// InteractionsQuery selects the interactions of a recompute.
type InteractionsQuery struct {
	From, To wire.Time // zero: unbounded
	Relation string    // "": every line; similar, bought_together, viewed_next: only the lines that relation learns from
	Resume   string    // cursor of the last block read of a stream that was cut; "" from the start
	After    string    // cursor of the last block of a stream that ended: what has come since; "" from the start
}

// Interaction is one weighted line of an event: the row that models learn from.
type Interaction struct {
	UserID     string    `json:"user_id,omitempty" doc:"After identity merge; empty for a session without a user"`
	SessionID  string    `json:"session_id,omitempty"`
	ItemID     string    `json:"item_id"`
	Type       string    `json:"type"`
	OrderID    string    `json:"order_id,omitempty" doc:"Lines of one basket share it; for a purchase without one, the event_id"`
	Weight     float32   `json:"weight" doc:"The event weight of the type, undecayed; rating minus 3 for rate"`
	Quantity   float32   `json:"quantity"`
	OccurredAt wire.Time `json:"occurred_at"`
}

// InteractionBlock is a run of interactions in columns. Users, Sessions, Items, Orders and Types are the block's own string tables; the
// index columns (same length n each) point into them, −1 standing for none. A reader maps each table once per block, not once per row.
type InteractionBlock struct {
	Users, Sessions, Items, Orders, Types []string

	User, Session, Item, Order, Type []int32
	Weight, Quantity                 []float32
	OccurredAt                       []int64 // epoch milliseconds

	Cursor string // resume behind this block
}

// Len returns the number of interactions in the block.
func (b *InteractionBlock) Len() int { return len(b.Item) }
