package profileapi

import "slices"

// Channels lists what a visit may come through when it is not the shop's own pages. They are few, so that each has its own line in figures.
func Channels() []string { return []string{"agent", "app", "email", "store", "ads", "other"} }

// ValidChannel reports whether a name is one of Channels.
func ValidChannel(name string) bool { return slices.Contains(Channels(), name) }
