package local

import (
	"slices"
	"sync"
	"time"
)

// lateLines are the lines of functions on their way to the log
// (Lags.LogDelivery). They are in memory only: what is on its way when the
// server stops is lost.
type lateLines struct {
	mu      sync.Mutex
	waiting []delivery // in the order in which they are due
}

// A delivery is what one invocation has written.
type delivery struct {
	due   time.Time
	write func()
}

// later runs write when Lags.LogDelivery has passed, at once when that is zero.
func (x *logsService) later(write func()) {
	lag := x.cfg.Lags.LogDelivery
	if lag <= 0 {
		write()
		return
	}
	x.late.mu.Lock()
	defer x.late.mu.Unlock()
	x.late.waiting = append(x.late.waiting, delivery{x.cfg.Now().Add(lag), write})
}

// deliver writes what is due. It is called before each API call is answered:
// nobody can tell that it did not happen earlier.
func (x *logsService) deliver() {
	now := x.cfg.Now()
	x.late.mu.Lock()
	defer x.late.mu.Unlock() // so that nobody overtakes what is being written
	n := slices.IndexFunc(x.late.waiting, func(d delivery) bool { return now.Before(d.due) })
	if n < 0 {
		n = len(x.late.waiting)
	}
	for _, d := range x.late.waiting[:n] {
		d.write()
	}
	x.late.waiting = slices.Delete(x.late.waiting, 0, n)
}
