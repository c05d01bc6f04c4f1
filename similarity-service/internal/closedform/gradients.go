package closedform

// gradients solves one symmetric positive definite system by conjugate gradients (Hestenes and Stiefel, 1952). Its vectors
// have at least the size of the system; the caller fills b with the start and residual with right side − A·b.
type gradients struct {
	b, residual, p, ap []float32
}

// resize makes room for s unknowns.
func (c *gradients) resize(s int) {
	if s > len(c.b) {
		c.b, c.residual, c.p, c.ap = make([]float32, s), make([]float32, s), make([]float32, s), make([]float32, s)
	}
}

// iterate takes at most so many steps, or fewer when the squared residual falls to limit. multiply sets y = A·x for s
// unknowns.
func (c *gradients) iterate(s, steps int, limit float64, multiply func(s int, x, y []float32)) {
	copy(c.p[:s], c.residual[:s])
	rr := dot(c.residual[:s], c.residual[:s])
	for range steps {
		if rr <= limit {
			return
		}
		multiply(s, c.p, c.ap)
		curvature := dot(c.p[:s], c.ap[:s])
		if curvature <= 0 {
			return // rounding has used up what could be gained
		}
		alpha := float32(rr / curvature)
		for x := range s {
			c.b[x] += alpha * c.p[x]
			c.residual[x] -= alpha * c.ap[x]
		}
		next := dot(c.residual[:s], c.residual[:s])
		beta := float32(next / rr)
		for x := range s {
			c.p[x] = c.residual[x] + beta*c.p[x]
		}
		rr = next
	}
}

func dot(x, y []float32) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}
