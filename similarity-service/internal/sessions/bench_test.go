package sessions

import "testing"

func BenchmarkBuild(b *testing.B) {
	train := walks(40, 50_000, 10_000)
	for b.Loop() {
		mustBuild(b, train, 10_000, DefaultParams())
	}
}

func BenchmarkRecommend(b *testing.B) {
	m := mustBuild(b, walks(41, 50_000, 10_000), 10_000, DefaultParams())
	prefixes := walks(42, 1000, 10_000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		m.Recommend(prefixes[n%len(prefixes)], 20)
	}
}
