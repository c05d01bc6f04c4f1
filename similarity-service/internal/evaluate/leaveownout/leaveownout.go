// Package leaveownout ranks validation cases by models that were built once from all rows: what a case hides is taken out of the weights
// that its own row had a part in, as if the model had been built without it.
//
// Nothing is counted or inverted again for a case. [TwoHop] does so with co-counts, with [LowRank] as a further term of them, [EASE] with
// the inverse of the Gram matrix. Its tests build the models again without the hidden entries and want the same scores.
package leaveownout

// Seeding says how seeds weigh: what can be changed without other lists.
type Seeding struct {
	SourceExponent float64 // weights are scaled by the degree of the seed to the power −SourceExponent
	HalfLife       float64 // in later seeds; 0 means none
}
