package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Fault is what is wrong with a store, as far as it decides what can be done about it.
type Fault int

// The faults.
const (
	Bug         Fault = iota // nothing of the store's: a statement or a value of ours that it refuses
	Unavailable              // it does not answer now
	DiskFull                 // it has no room for what is to be written
	Damaged                  // what it reads is not what was written
)

// Codes of the problems that faults become.
const (
	codeDiskFull = "disk_full"
	codeDamaged  = "database_damaged"
)

// Problem is what a caller is told of an error of a store; its log has the cause.
func Problem(err error) *apierror.Problem {
	var p *apierror.Problem
	switch FaultOf(err) {
	case Unavailable:
		return apierror.Unavailable("The database did not answer. Send the request again.", 2*time.Second, err)
	case DiskFull:
		p = apierror.New(http.StatusServiceUnavailable, codeDiskFull,
			"There is no room left to store it: nothing of the request was kept. Free or add disk space, then send it again.")
		p.RetryAfter = time.Minute
	case Damaged:
		p = apierror.New(http.StatusInternalServerError, codeDamaged,
			"The store is damaged and cannot be read: restore it from a backup. The log has the place under this request_id.")
	default:
		return apierror.Internal(err)
	}
	p.Cause = err
	return p
}

// FaultOf tells what is wrong from an error of Postgres, SQLite, a file or a connection.
func FaultOf(err error) Fault {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG):
		return DiskFull
	case errors.As(err, &lite):
		return faultOfSQLite(lite.Code())
	case errors.As(err, &pg):
		return faultOfPostgres(pg.Code)
	case disconnected(err):
		return Unavailable
	}
	return Bug
}

// faultOfSQLite reads a code of SQLite, whose lower eight bits are the primary one.
func faultOfSQLite(code int) Fault {
	switch code {
	case sqlite3.SQLITE_IOERR_SHMSIZE: // its shared memory could not grow
		return DiskFull
	case sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA, sqlite3.SQLITE_IOERR_SHORT_READ:
		return Damaged
	}
	switch code & 0xff { // without what is said more exactly
	case sqlite3.SQLITE_FULL:
		return DiskFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return Damaged
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL:
		return Unavailable
	}
	return Bug
}

// faultOfPostgres reads an SQLSTATE: its first two characters are its class.
func faultOfPostgres(code string) Fault {
	switch code {
	case "53100":
		return DiskFull
	case "XX001", "XX002": // data, index
		return Damaged
	case "57014", "58030", "25006", "55P03", "55006": // cancelled, input or output error, a standby, locked, in use
		return Unavailable
	}
	switch code[:min(2, len(code))] {
	case "08", "40", "53", "57": // connection, conflict of transactions, resources, stopping or starting
		return Unavailable
	}
	return Bug
}

// disconnected reports whether an error is of the way to the store or of the time that it took.
func disconnected(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	for _, known := range []error{
		context.DeadlineExceeded, context.Canceled, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF,
		net.ErrClosed,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	// The drivers have no value for a handle that is closed, as at the end of the process.
	return errors.As(err, &network) || errors.As(err, &connect) || strings.Contains(err.Error(), "closed")
}
