package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// residentKB reads a process's resident set size from /proc/PID/status (proc(5)).
func residentKB(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(text, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
	}
	return strconv.ParseInt(string(fields[0]), 10, 64)
}

// settledKB waits until a process's resident set has not moved by more than 1 % for settleTime, at most settleMost, and
// returns it: a server goes on collecting the garbage of the handshakes for a while.
func settledKB(ctx context.Context, pid int) (int64, error) {
	const settleTime, settleMost, step = 3 * time.Second, 30 * time.Second, 250 * time.Millisecond
	began := time.Now()
	still, at := int64(0), began
	for {
		kb, err := residentKB(pid)
		if err != nil {
			return 0, err
		}
		if moved := kb - still; moved*100 > still || -moved*100 > still {
			still, at = kb, time.Now()
		}
		if time.Since(at) >= settleTime || time.Since(began) >= settleMost {
			return kb, nil
		}
		if err := pause(ctx, step); err != nil {
			return 0, err
		}
	}
}

// processorTime reads how much processor time a process has used from /proc/PID/stat (proc(5)), in
// steps of 10 ms.
func processorTime(pid int) (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in brackets, may hold blanks. Behind it, utime and stime are the 12th and 13th field.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}
