package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// registerRobots adds how people see and overrule what package robots has found.
func (a *API) registerRobots(api huma.API) {
	list := operation(http.MethodGet, "/v1/robots", "list-robots", peopleTag, "Visitors that are robots, and why")
	list.Description = "The latest verdict first. What robots did is left out of models, popularity and figures; it stays stored " +
		"and comes back with the verdict `not_a_robot`."
	httpserver.Register(api, auth.ScopeUsersRead, list, a.listRobots)

	decide := operation(http.MethodPost, "/v1/robots", "decide-robot", peopleTag, "Say whether a visitor is a robot")
	decide.Description = "Stands against whatever is found later. Popularity follows within an hour, models with the next recompute, " +
		"figures within a minute, with what he brought in the seven days before."
	decide.Errors = append(decide.Errors, http.StatusNotFound)
	httpserver.Register(api, auth.ScopeUsersWrite, decide, audited(a, audit.What[decideRobotInput]{
		Action: "person.robot", Subject: func(shop string, in *decideRobotInput) string {
			return audit.Person(shop, in.Body.UserID+in.Body.SessionID)
		},
		After: func(in *decideRobotInput) any { return map[string]string{"verdict": in.Body.Verdict} },
	}, a.decideRobot))
}

type listRobotsInput struct {
	PageParameters
	Verdict string `query:"verdict" enum:"robot,not_a_robot" doc:"Only these"`
}

type robotsOutput struct {
	Body profileapi.Page[profileapi.Robot]
}

// verdicts are those that the API names. "" is not among them and so is store.Unjudged, which
// asks for all.
var verdicts = map[string]store.RobotVerdict{profileapi.VerdictRobot: store.Robot, profileapi.VerdictNoRobot: store.NoRobot}

// listRobots answers a page, the latest verdict first; a cursor holds its time and subject.
func (a *API) listRobots(ctx context.Context, in *listRobotsInput) (*robotsOutput, error) {
	var beforeMs int64
	var before string
	if in.Cursor != "" {
		var err error
		if before, err = cursor.Decode(cursor.Robots, in.Cursor, &beforeMs); err != nil {
			return nil, cursorProblem(err)
		}
	}
	rows, err := a.Robots.Robots(ctx, auth.Shop(ctx), verdicts[in.Verdict], beforeMs, before, in.Limit+1)
	if err != nil {
		return nil, storeProblem(err)
	}
	out := &robotsOutput{profileapi.Page[profileapi.Robot]{Items: []profileapi.Robot{}}}
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		last := &rows[in.Limit-1]
		next := cursor.Encode(cursor.Robots, last.Subject, last.AtMs)
		out.Body.NextCursor = &next
	}
	for n := range rows {
		r, err := robots.Told(&rows[n])
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, r)
	}
	return out, nil
}

type decideRobotInput struct{ Body profileapi.RobotDecision }

type robotOutput struct{ Body profileapi.Robot }

// decideRobot stores what a person says of a visitor, over whatever was found. 404 for a
// visitor of whom nothing is stored. Who decided is the id of the key.
func (a *API) decideRobot(ctx context.Context, in *decideRobotInput) (*robotOutput, error) {
	d := &in.Body
	if (d.UserID == "") == (d.SessionID == "") {
		return nil, apierror.Invalid("The visitor is not named.", apierror.FieldError{
			Pointer: "/user_id", Code: "required", Detail: "Give user_id or session_id, one of them.",
		})
	}
	if err := checkIDs(map[string]string{"user_id": d.UserID, "session_id": d.SessionID}); err != nil {
		return nil, err
	}
	row, err := robots.Decided(d, auth.FromContext(ctx).KeyID, a.Now())
	if err != nil {
		return nil, err
	}
	changed, err := a.Robots.Judge(ctx, auth.Shop(ctx), []store.RobotRow{row}, true)
	if err != nil {
		return nil, storeProblem(err)
	}
	if changed == 0 {
		return nil, apierror.NotFound("visitor", d.UserID+d.SessionID)
	}
	out, err := robots.Told(&row)
	return &robotOutput{out}, err
}
