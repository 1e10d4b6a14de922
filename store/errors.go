package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	sqlitedriver "modernc.org/sqlite"

	"crier/internal/fault"
)

// retryAfter is what a caller who met an unreachable database is told.
const retryAfter = time.Second

// translate turns a driver's error into a fault, by code. Anything unknown is
// returned as it is, which makes it "internal" at the edges. ctx is that of the
// statement: a cancelled statement returns its error.
func translate(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil { // ctx has ended the transaction between two statements
		return ctx.Err()
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return translatePostgres(ctx, e)
	}
	if e, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		return translateSQLite(ctx, e)
	}
	if isLost(err) {
		return unavailable(err)
	}
	return err
}

func translatePostgres(ctx context.Context, e *pq.Error) error {
	switch code := string(e.Code); {
	case code == "57014" && ctx.Err() != nil: // query_canceled, by us
		return ctx.Err()
	case code == "57014": // query_canceled, by statement_timeout
		return slow(e)
	case code == "23505": // unique_violation
		return fault.Wrap(e, fault.Conflict, "it already exists")
	case code == "22021", code == "22P05": // text that UTF8 does not know, or NUL
		return fault.Wrap(e, fault.Invalid, "the text holds characters that cannot be stored")
	case code[:2] == "08", code[:2] == "53", code[:2] == "57", code[:2] == "40", // connection, resources, intervention, deadlock
		code == "25006", // read_only_sql_transaction: a standby
		code == "55P03": // lock_not_available
		return unavailable(e)
	default:
		return e
	}
}

func translateSQLite(ctx context.Context, e *sqlitedriver.Error) error {
	const busy, locked, readonly, interrupt, ioerr, full, cantopen = 5, 6, 8, 9, 10, 13, 14
	switch code := e.Code(); {
	case code&0xff == interrupt && ctx.Err() != nil:
		return ctx.Err()
	case code == 2067 || code == 1555: // SQLITE_CONSTRAINT_UNIQUE, …_PRIMARYKEY
		return fault.Wrap(e, fault.Conflict, "it already exists")
	}
	switch e.Code() & 0xff {
	case busy, locked, readonly, interrupt, ioerr, full, cantopen:
		return unavailable(e)
	}
	return e
}

// isLost reports whether err says that the connection to the database is gone.
func isLost(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, lost := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

func unavailable(err error) *fault.Error {
	f := fault.Wrap(err, fault.Unavailable, "the database cannot be reached at the moment; nothing was changed")
	f.RetryAfter = retryAfter
	return f
}

// slow is the fault of a statement that PostgreSQL ended because it ran too long.
func slow(err error) *fault.Error {
	f := fault.Wrap(err, fault.Unavailable, "%s", fault.TooSlow)
	f.RetryAfter = fault.SlowRetry
	return f
}

// isSlow reports whether err is the fault of a statement that ran too long.
func isSlow(err error) bool {
	e, ok := errors.AsType[*pq.Error](err)
	return ok && e.Code == "57014" && fault.Is(err, fault.Unavailable)
}

// translateCommit is translate for an error of COMMIT. Unless the server itself
// said that it did not commit, nobody knows.
func translateCommit(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Severity == pqerror.SeverityFatal || !ok && !isSQLite(err) {
		f := fault.Wrap(err, fault.Unavailable, "the database was lost while saving: it may or may not be done; trying again with the same key is safe")
		f.RetryAfter, f.Unknown = retryAfter, true
		return f
	}
	return translate(ctx, err)
}

func isSQLite(err error) bool {
	_, ok := errors.AsType[*sqlitedriver.Error](err)
	return ok
}
