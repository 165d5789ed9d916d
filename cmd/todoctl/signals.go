package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// stopLimit is how long todoctl may take to stop. It is a call's last 10 s
	// (provision waits so long for a write under way) and some room.
	stopLimit = 15 * time.Second

	// sameStop is how close two signals may be and still be one wish: `timeout`
	// sends its signal to the process and to its group, a closing terminal's
	// kernel and shell send one each. A person's fingers are slower.
	sameStop = 100 * time.Millisecond
)

// heed makes the first SIGINT, SIGTERM or SIGHUP end the returned context. obey says
// when leave ends the process.
//
// A signal that was ignored when todoctl started stays so: that is what nohup
// does, and a script's shell to what it runs behind it.
func (a *App) heed(ctx context.Context, leave func()) context.Context {
	ctx, stop := context.WithCancel(ctx)
	got := make(chan os.Signal, 8)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(got, s)
		}
	}
	a.Interrupt = func() {
		select {
		case got <- os.Interrupt:
		default: // others are waiting
		}
	}
	// With somebody listening, a closed pipe is an error of the write and not the
	// end of the process in the middle of a call. Nobody needs to read it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go a.obey(got, stop, leave)
	return ctx
}

// obey stops at the first signal. It leaves at the next one, and without one when
// stopLimit has passed.
func (a *App) obey(signals <-chan os.Signal, stop, leave func()) {
	<-signals
	stop()
	first := a.Clock.Now()
	a.after(stopLimit, leave)
	for range signals {
		if a.Clock.Now().Sub(first) >= sameStop {
			leave()
		}
	}
}

// left is said when todoctl ends with a call under way.
func left(a *App) *Problem {
	return &Problem{ID: "TODO-RUN-02", Fix: []string{(&command{App: a}).commandLine() + "   (continues)"}}
}
