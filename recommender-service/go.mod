module github.com/aisle-rec/aisle/recommender-service

go 1.26.0

require (
	github.com/danielgtaylor/huma/v2 v2.37.0
	github.com/failsafe-go/failsafe-go v0.9.8
	github.com/google/go-cmp v0.7.0
	github.com/maypok86/otter/v2 v2.4.0
	golang.org/x/sync v0.24.0
)

require github.com/bits-and-blooms/bitset v1.24.4 // indirect
