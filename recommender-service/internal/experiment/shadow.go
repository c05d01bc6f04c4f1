package experiment

import (
	"context"
	"sync"

	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// shadowsAtOnce bounds what shadow arms may cost; beyond it they are left out.
const shadowsAtOnce = 2

// Shadows computes shadow arms beside answers, after these are sent.
type Shadows struct {
	book    *Assigner
	engine  *recommend.Engine
	counted func(shop, scenario, experiment, arm string, overlap float64)
	slots   chan struct{}
	running sync.WaitGroup
}

// NewShadows returns Shadows that report how much of the control's list each shadow arm would show too.
func NewShadows(b *Assigner, e *recommend.Engine, counted func(shop, scenario, experiment, arm string, overlap float64)) *Shadows {
	return &Shadows{book: b, engine: e, counted: counted, slots: make(chan struct{}, shadowsAtOnce)}
}

// Compare computes the shadow arms of the experiment that answered, in the background. plain is
// the placement without the experiment. It never blocks; when as many as may be are being
// computed, this answer is not compared. The caller must not change r and answer afterwards.
func (s *Shadows) Compare(ctx context.Context, shop string, plain recommend.Placement, r *api.Request, answer *api.Answer) {
	if answer.Experiment == nil {
		return
	}
	shadows := s.book.Shadows(shop, plain, *answer.Experiment)
	if len(shadows) == 0 {
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return
	}
	ctx = context.WithoutCancel(ctx)
	s.running.Go(func() {
		defer func() { <-s.slots }()
		for _, p := range shadows {
			if other, err := s.engine.Try(ctx, shop, p, r); err == nil {
				s.counted(shop, r.Scenario, p.Arm.ExperimentID, p.Arm.Arm, recommend.Overlap(answer, &other))
			}
		}
	})
}

// Wait returns when no shadow arm is being computed.
func (s *Shadows) Wait() { s.running.Wait() }
