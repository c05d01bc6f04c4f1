package sessions

import "slices"

// descend evaluates the starts and, from the best of them, moves along one axis at a time, as long as a step is better.
// When no step is, it jumps a little away from the best point and descends again (iterated local search). It ends with errExhausted, unless
// something fails.
func (s *search) descend() error {
	for _, p := range starts(s.best) {
		s.starts = append(s.starts, p.With(s.o.Pinned))
	}
	for len(s.starts) > 0 {
		p := s.starts[0]
		s.starts = s.starts[1:]
		if _, err := s.try(p); err != nil {
			return err
		}
	}
	all := slices.DeleteFunc(axes(), func(a axis) bool {
		_, given := s.o.Pinned[a.name]
		return given
	})
	for {
		for better := true; better; {
			better = false
			order := s.random.Perm(len(all))
			s.axes = s.axes[:0]
			for _, n := range order {
				s.axes = append(s.axes, all[n])
			}
			for len(s.axes) > 0 {
				a := s.axes[0]
				s.axes = s.axes[1:]
				moved, err := s.along(a)
				if err != nil {
					return err
				}
				better = better || moved
			}
		}
		if err := s.jump(all); err != nil {
			return err
		}
	}
}

// starts are the points tried first: the given one, and ones that suit data on which it is far off, where visitors never
// or seldom return to an item, or not to the latest, where only the newest sessions matter, or where one of the two models is much better.
// That of transitions differs in more: one parameter at a time does not lead there.
func starts(first Params) []Params {
	never, seldom, onward, newest, order, near := first, first, first, first, first, first
	never.RepeatFactor, never.LastFactor = 0, 0
	never.RepeatWeight, never.LastWeight, never.EchoWeight = 0, 0, 0
	seldom.RepeatWeight, seldom.LastWeight, seldom.EchoWeight = .02, .003, .02
	onward.LastFactor, onward.LastWeight = 0, 0 // pages loaded again were taken out
	newest.Recency, newest.OrderRecency = 6, 6
	order.OrderShare, near.OrderShare = .9, .2
	order.OrderSecond, order.IDFPower = 3, .15 // together: two steps lead to what is popular
	order.LengthPower, order.SimilarityPower, order.Recency, order.AfterPower, order.SeedIDF = .5, 3, 2, 2, .25
	return []Params{first, never, seldom, onward, newest, order, near}
}

// jump moves a few random axes to a neighbouring grid value.
func (s *search) jump(all []axis) error {
	p := s.best
	for _, n := range s.random.Perm(len(all))[:min(jumpAxes, len(all))] {
		a := all[n]
		to := a.nearest(&p) + 1 - 2*s.random.IntN(2)
		*a.field(&p) = a.values[min(max(to, 0), len(a.values)-1)]
	}
	s.atScore, s.atTrial = 0, nil
	_, err := s.try(p)
	return err
}

// along tries the neighbouring grid values of one axis, first upwards, and walks on while it gets better.
func (s *search) along(a axis) (moved bool, err error) {
	from := a.nearest(&s.at)
	for _, step := range []int{1, -1} {
		for n := from + step; n >= 0 && n < len(a.values); n += step {
			p := s.at
			*a.field(&p) = a.values[n]
			s.down = nil
			if step > 0 && !moved {
				s.down, s.downTo = &a, from-1
			}
			better, err := s.try(p)
			s.down = nil
			if err != nil {
				return moved, err
			}
			if !better {
				break
			}
			moved = true
		}
		if moved {
			break
		}
	}
	return moved, nil
}

// try moves to p if that is better than the current point.
func (s *search) try(p Params) (bool, error) {
	if err := s.permit(); err != nil {
		return false, err
	}
	t, err := s.measured(p)
	if err != nil {
		return false, err
	}
	behind := s.behind(t, s.atTrial)
	var got Accuracy
	if !behind {
		got = t[len(t)-1]
	}
	s.report.Evaluations++
	if s.o.Progress != nil {
		s.o.Progress(s.report.Evaluations, s.o.Evaluations)
	}
	if s.report.Evaluations == 1 {
		s.report.Start = got
	}
	if s.o.Tried != nil && !behind {
		s.o.Tried(p, got)
	}
	score := got.relative(s.report.Start)
	if behind || score <= s.atScore {
		return false, nil
	}
	s.at, s.atScore, s.atTrial = p, score, t
	if score > s.bestScore {
		s.best, s.bestScore, s.report.Best = p, score, got
	}
	return true, nil
}

// permit says whether one more evaluation may be made.
func (s *search) permit() error {
	switch {
	case s.o.Cancelled != nil && s.o.Cancelled():
		return ErrCancelled
	case s.report.Evaluations >= s.o.Evaluations:
		return errExhausted
	case s.report.Evaluations > 0 && s.o.Ceiling > 0 && s.o.Now().Sub(s.began) > s.o.Ceiling:
		s.report.Stopped = true
		return errExhausted
	}
	return nil
}

// orderFor returns the order model of p, from memory when one of the last few points had the same.
func (s *search) orderFor(p Params) *rows {
	key := Params{
		OrderKeep: p.OrderKeep, OrderAfterPower: p.OrderAfterPower, OrderBeforeWeight: p.OrderBeforeWeight, OrderRecency: p.OrderRecency,
		OrderSourcePower: p.OrderSourcePower, OrderTargetPower: p.OrderTargetPower, OrderSecond: p.OrderSecond,
	}
	if n := slices.IndexFunc(s.orders, func(b builtOrder) bool { return b.key == key }); n >= 0 {
		found := s.orders[n]
		s.orders = append(slices.Delete(s.orders, n, n+1), found)
		return found.rows
	}
	built := builtOrder{key, buildOrder(s.ix, p)}
	s.orders = append(s.orders[max(0, len(s.orders)-2):], built)
	return built.rows
}
