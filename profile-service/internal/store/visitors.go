package store

import "context"

// States says what events make of a visitor's state, which the store keeps as it is; see package visitor.
type States interface {
	// Move takes a state, nil for none, on by events of one visitor in the order of their seqs.
	Move(before []byte, events []Event) ([]byte, error)
	// NameLines gives refunds of whole orders the lines that are still bought, as the state before the events knows them; the events are
	// of one visitor in the order of their seqs.
	NameLines(before []byte, events []*Event) error
	// Fingerprint tells states apart that were made by other rules: they are made again from the events.
	Fingerprint() uint32
}

// Visitors reads what recommending needs of a visitor.
type Visitors interface {
	// Visitor returns what is held on a user, a session or both, in one view. It reads events only of a visitor whose state has to be made
	// again, as after a merge, and then keeps the state.
	Visitor(ctx context.Context, shop, userID, sessionID string) (Visitor, error)
	// History calls f with the events of canonical subjects, or of a session, up to bounds, in ascending order of seq, a page at a time.
	// The page is valid during the call.
	History(ctx context.Context, shop string, q HistoryQuery, f func(page []Event) error) error
	// Facts returns category, brand and price of those of the items that are in the catalogue and not deleted.
	Facts(ctx context.Context, shop string, itemIDs []string) (map[string]ItemFacts, error)
	// OtherNames returns those of the names, in ascending order, by which an item is found though none has it as its id: an alias of an
	// item, or what variants name as their product. It looks through the whole catalogue.
	OtherNames(ctx context.Context, shop string, names []string) ([]string, error)
}

// Visitor is what is held on a visitor.
type Visitor struct {
	LastSeq  int64 // of the shop: the view holds the visitor's events up to it, and none behind it
	Withheld bool
	Robot    bool // judged to be a program, under any of the names
	User     *UserRow
	// States are those of the canonical subjects of the user and of the session, one when they are the same. A subject of which nothing is
	// held is left out.
	States []State
}

// State is one subject's.
type State struct {
	Subject string // canonical
	Version int64  // rises with every change of the visitor's events, record, consent or identity
	Data    []byte // form of package visitorstate; nil: no events
	Beside  bool   // of a session: it was also seen with a known user
}

// HistoryQuery selects events of a visitor's past.
type HistoryQuery struct {
	Subjects  []string // canonical
	SessionID string   // instead of Subjects: what was done in a session whoever did it, without those who withhold consent
	Watermark int64    // seq at most; 0: no bound
	UntilMs   int64    // occurred at most then; 0: no bound
}

// ItemFacts are the parts of an item that a visitor can have a taste for.
type ItemFacts struct {
	Category string // path joined with CategorySeparator
	Brand    string
	Price    *float64 // what the item costs now
}
