package main

import (
	"errors"
	"sync"
	"time"
)

// workLimit is the longest that one command works, or works on without another
// page or batch of items. A walkthrough takes half a minute; after so long
// something hangs that no other limit has seen. Items have no limit: there may be
// any number of them.
const workLimit = 15 * time.Minute

var errWorkLimit = errors.New("stopped after 15 minutes of work")

// A workTime counts the time in which todoctl works. It stands still while a
// question waits for the person.
type workTime struct {
	app *App
	end func() // called when the time is used up

	mu        sync.Mutex
	left      time.Duration
	since     time.Time
	stop      func() bool // nil: it stands still
	questions int
	started   bool
}

// start begins to count; a second call changes nothing.
func (w *workTime) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.started, w.left = true, workLimit
		w.run()
	}
}

// pause stops the count for a question, and resume goes on after it.
func (w *workTime) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.questions++
	if w.stop != nil {
		w.stop()
		w.stop = nil
		w.left -= w.app.Clock.Now().Sub(w.since)
	}
}

func (w *workTime) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.questions--
	w.run()
}

// renew gives the work its full time again: it came further.
func (w *workTime) renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = workLimit
	if w.stop != nil {
		w.stop()
		w.run()
	}
}

func (w *workTime) run() {
	if w.started && w.questions == 0 && w.end != nil {
		w.since = w.app.Clock.Now()
		w.stop = w.app.after(w.left, w.end)
	}
}

// finish ends the count.
func (w *workTime) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end = nil
	if w.stop != nil {
		w.stop()
	}
}
