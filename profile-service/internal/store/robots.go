package store

import "context"

// RobotVerdict says whether a visitor is a program.
type RobotVerdict int

// The verdicts on a visitor.
const (
	Unjudged RobotVerdict = iota
	Robot
	NoRobot // a person has said so; no detector says otherwise
)

// RobotRow is the verdict on a canonical subject.
type RobotRow struct {
	Subject string
	Verdict RobotVerdict
	AtMs    int64
	Detail  []byte // JSON: why, and by whom
}

// Robots keeps which visitors are programs.
type Robots interface {
	// Judge stores verdicts on subjects that have a row, and raises the versions of the visitors; a subject that was merged is judged under
	// its canonical one. It returns how many verdicts have changed. Where override is false, a visitor who was judged
	// before stays as he is.
	Judge(ctx context.Context, shop string, rows []RobotRow, override bool) (changed int, err error)
	// Robots returns up to limit verdicts, the latest first, behind that of a time and subject; beforeMs 0 begins with the latest. verdict
	// Unjudged asks for all.
	Robots(ctx context.Context, shop string, verdict RobotVerdict, beforeMs int64, beforeSubject string, limit int) ([]RobotRow, error)
	// RobotsAsOf returns the time of the shop's latest verdict, 0 for none.
	RobotsAsOf(ctx context.Context, shop string) (int64, error)
}
