package service

import (
	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/console"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// signInsPerSecond bounds the attempts of one client address to sign in to the console.
const signInsPerSecond = 1

// mountConsole adds the web console, which calls the three services as its visitors may: this
// one through its own handler, so that limits and checks are those of any caller. secret seals
// its sessions.
func (s *Service) mountConsole(secret []byte) {
	peer := func(name, url string) console.Peer {
		return console.Peer{URL: url, Transport: s.deps.PeerTransport[name]}
	}
	handler := gin.WrapH(console.New(console.Options{
		Auth: s.deps.Auth, Secret: secret,
		Attempts: httpserver.NewAttempts("console sign-in", s.deps.Limits, signInsPerSecond, s.deps.Logger), Limits: s.deps.Limits,
		Profile: peer(peers.Profile, s.config.ProfileURL), Similarity: peer(peers.Similarity, s.config.SimilarityURL),
		Recommender: console.Peer{Transport: httpserver.InProcess{Handler: s.server.Engine}},
		Logger:      s.deps.Logger, Version: s.deps.Version, Now: s.deps.Clock(),
	}))
	s.server.Engine.Any(console.Root, handler)
	s.server.Engine.Any(console.Root+"/*page", handler)
}
