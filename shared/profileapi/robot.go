package profileapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/wire"
)

// The verdicts on a visitor.
const (
	VerdictRobot   = "robot"
	VerdictNoRobot = "not_a_robot"
)

// Why a visitor is taken for a robot.
const (
	RobotRate    = "rate"          // more events in an hour than a person makes
	RobotBreadth = "breadth"       // more different items in an hour than a person sees
	RobotNoDwell = "no_dwell"      // looks that last no time
	RobotAgent   = "agent"         // the browser names itself a program
	RobotBurst   = "network_burst" // one of many new visitors from one network who did one thing each
	RobotPerson  = "person"        // a person has said so
)

// RobotReason is one reason for a verdict.
type RobotReason struct {
	Code     string  `json:"code" enum:"rate,breadth,no_dwell,agent,network_burst,person"`
	Observed float64 `json:"observed,omitempty" doc:"What was counted: events, items, seconds, or visitors, as the code says"`
	Limit    float64 `json:"limit,omitempty" doc:"What a person does not go beyond"`
	Detail   string  `json:"detail"`
}

// Robot is the verdict on a visitor.
type Robot struct {
	UserID    string        `json:"user_id,omitempty"`
	SessionID string        `json:"session_id,omitempty" doc:"user_id or session_id"`
	Verdict   string        `json:"verdict" enum:"robot,not_a_robot"`
	Reasons   []RobotReason `json:"reasons"`
	JudgedAt  wire.Time     `json:"judged_at"`
	JudgedBy  string        `json:"judged_by" doc:"detector, or the id of the key that decided"`
	From      wire.Time     `json:"from,omitempty" doc:"The hour that was measured, when it was one"`
	To        wire.Time     `json:"to,omitempty"`
}

// RobotDecision is a person's verdict on a visitor.
type RobotDecision struct {
	UserID    string `json:"user_id,omitempty" maxLength:"256"`
	SessionID string `json:"session_id,omitempty" maxLength:"256" doc:"user_id or session_id"`
	Verdict   string `json:"verdict" enum:"robot,not_a_robot" doc:"It stands against whatever a detector finds later"`
}

// RobotsHeader is the header of a stream of interactions with the time of the shop's latest verdict on a robot, in epoch milliseconds: what
// was counted before it may hold events of robots.
const RobotsHeader = "Aisle-Robots-As-Of"

// Robots lists verdicts, the latest first; verdict "" asks for all.
func (c *Client) Robots(ctx context.Context, verdict, cursor string, limit int) (Page[Robot], error) {
	values := url.Values{"limit": {strconv.Itoa(limit)}}
	for name, value := range map[string]string{"verdict": verdict, "cursor": cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return httpclient.JSON[Page[Robot]](ctx, c.http, http.MethodGet, "/v1/robots", values, nil)
}

// DecideRobot stores a person's verdict.
func (c *Client) DecideRobot(ctx context.Context, d RobotDecision) (Robot, error) {
	return httpclient.JSON[Robot](ctx, c.http, http.MethodPost, "/v1/robots", nil, d)
}
