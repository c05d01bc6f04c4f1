package process

import "github.com/caarlos0/env/v11"

// Defaults returns a struct of settings as it is when the environment says nothing: the envDefault of each field, which so stands in one
// place. It panics when a tag cannot be read, a mistake in our own struct that every start would find.
func Defaults[C any]() C {
	var c C
	if err := env.ParseWithOptions(&c, env.Options{Environment: map[string]string{}}); err != nil {
		panic(err)
	}
	return c
}
