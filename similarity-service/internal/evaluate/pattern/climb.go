package pattern

// Climb evaluates try at place from of n and moves on to a neighbour as long as that is better; with all of them asked for it evaluates
// every place. It returns the best place.
func Climb(n, from int, all bool, try func(at int) (better bool, err error)) (int, error) {
	best := from
	if _, err := try(from); err != nil {
		return best, err
	}
	for _, step := range []int{1, -1} {
		for at := from + step; at >= 0 && at < n; at += step {
			better, err := try(at)
			if err != nil {
				return best, err
			}
			if better {
				best = at
			} else if !all {
				break
			}
		}
		if best != from && !all {
			break
		}
	}
	return best, nil
}
