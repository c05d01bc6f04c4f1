// Package decision has the record of what an answer was made from. It does not store it: that does package decisionlog. The main type is
// Decision.
package decision

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"math"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Decision is what an answer was made from: enough to make it again, without the answer itself. It is stored as JSON; a member that was
// added later is absent in older ones, and its zero value must mean what was so then.
type Decision struct {
	ID              string      `json:"recommendation_id"`
	At              time.Time   `json:"at"`
	Scenario        string      `json:"scenario"`
	ScenarioVersion int64       `json:"scenario_version"`
	Experiment      string      `json:"experiment,omitempty"`
	Arm             string      `json:"arm,omitempty"`
	Request         api.Request `json:"request"`
	ProfileAsOf     time.Time   `json:"profile_as_of"` // zero: no profile was read
	Watermark       int64       `json:"watermark"`
	// Versions by relation of the models whose lists were used; relations that said nothing are absent.
	Models  map[string]string `json:"models"`
	Popular []PopularInput    `json:"popular,omitempty"`
	Shown   []rotation.List   `json:"shown,omitempty"`
	// Which life of which process answered, and how many changes its catalogue had seen: earlier states are in its memory only.
	CatalogueEpoch string           `json:"catalogue_epoch"`
	CatalogueSeq   int64            `json:"catalogue_seq"`
	Degraded       []string         `json:"degraded,omitempty"`
	SharedRules    map[string]int64 `json:"shared_rules,omitempty"` // versions by id of the rules that held in all scenarios
	// Used is the scenario that was answered from where no stored version says it: a row, or an arm with a configuration of its own.
	Used      *api.Scenario `json:"used,omitempty"`
	Elsewhere []string      `json:"elsewhere,omitempty"` // what other placements of the page had shown
	// Mean is the price or margin that the objective compared with; 0 for no objective.
	Mean  float64 `json:"mean,omitempty"`
	Seeds int     `json:"seeds,omitempty"` // how many items of the visitor could be seeds; 0 for as many as usual
	// NewestSeq is the number of catalogue changes that the list of newest items had seen; 0 when it was not used.
	NewestSeq int64  `json:"newest_seq,omitempty"`
	Digest    string `json:"digest"`          // of items, scores and order
	Robot     bool   `json:"robot,omitempty"` // of a visitor or browser that is a program: it counts in no figure
	// Outline says that only what the answer showed to whom is kept, not what it was made from.
	Outline bool `json:"outline,omitempty"`
	// Items is nil in a decision that was stored before it was kept.
	Items []ShownItem `json:"items"`
}

// Outlined returns what the answer showed to whom.
func (d *Decision) Outlined() *Decision {
	return &Decision{
		ID: d.ID, At: d.At, Scenario: d.Scenario, ScenarioVersion: d.ScenarioVersion, Experiment: d.Experiment, Arm: d.Arm, Items: d.Items,
		Outline: true, Robot: d.Robot,
		Request: api.Request{UserID: d.Request.UserID, SessionID: d.Request.SessionID},
	}
}

// ShownItem is a product in an answer, and what brought it there.
type ShownItem struct {
	Key   string   `json:"k"` // of its family, or its own id
	Tier  string   `json:"t"`
	Rules []string `json:"r,omitempty"` // that pinned it or changed its score, as explanations name them
}

// PopularInput names a popularity list that was used.
type PopularInput struct {
	Window        string  `json:"window"`
	HalfLifeHours float64 `json:"half_life_hours,omitempty"`
	EventTypes    string  `json:"event_types,omitempty"` // joined by commas
	Category      string  `json:"category,omitempty"`
	AsOfMs        int64   `json:"as_of_ms"`
}

// NewPopularInput names a list by its window, category ("" for the shop) and the moment that it is of.
func NewPopularInput(w similarityapi.PopularWindow, category string, asOf time.Time) PopularInput {
	return PopularInput{
		Window: w.Name, HalfLifeHours: w.HalfLifeHours, EventTypes: w.EventTypes, Category: category, AsOfMs: asOf.UnixMilli(),
	}
}

// PopularWindow returns the window of the list.
func (p *PopularInput) PopularWindow() similarityapi.PopularWindow {
	return similarityapi.PopularWindow{Name: p.Window, HalfLifeHours: p.HalfLifeHours, EventTypes: p.EventTypes}
}

// Digest is a fingerprint of the items, of those with variants by their family, their order and the bits of their scores.
func Digest(a *api.Answer) string {
	h := fnv.New64a()
	var bits [8]byte
	for n := range a.Items {
		h.Write([]byte(cmp.Or(a.Items[n].FamilyID, a.Items[n].ItemID)))
		h.Write([]byte{0})
		h.Write([]byte(a.Items[n].Tier))
		binary.BigEndian.PutUint64(bits[:], math.Float64bits(a.Items[n].Score))
		h.Write(bits[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
