package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"todoctl/provision"
)

const (
	// redraw is how often a block is looked at anew; it is written when a second
	// has passed or something has changed.
	redraw = 250 * time.Millisecond

	// A person at a terminal begins to wonder after some seconds. A log is read
	// later, and a CI job is ended for being silent after minutes.
	quietTerminal  = 10 * time.Second
	quietElsewhere = 30 * time.Second
)

// startBeat keeps the telling alive until stopBeat: it draws the block again, or
// says now and then that it is still at work.
func (v *words) startBeat() {
	if v.clock.Sleep == nil || v.endBeat != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	v.endBeat = func() {
		stop()
		<-ended
	}
	v.mu.Lock()
	v.spoke = v.now()
	v.mu.Unlock()
	go func() {
		defer close(ended)
		// Not at once: a question may be about to open.
		next := redraw
		for v.clock.Sleep(ctx, next) == nil {
			next = v.beat()
		}
	}()
}

// stopBeat returns when nothing more is drawn.
func (v *words) stopBeat() {
	if v.endBeat != nil {
		v.endBeat()
		v.endBeat = nil
	}
}

// beat does what is due and returns how long to wait for the next time.
func (v *words) beat() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live() {
		if v.held == 0 && !v.stopping {
			v.write("", v.rowLines())
		}
		return redraw
	}
	if silent := v.now().Sub(v.spoke); v.held == 0 && silent >= v.quiet {
		v.sayStill()
		v.spoke = v.now()
		return v.quiet
	} else if silent < v.quiet {
		return v.quiet - silent
	}
	return v.quiet
}

// sayStill says what the run is waiting for: one line, of the first step that is
// at work, because the others wait for it or are told after it.
func (v *words) sayStill() {
	for _, r := range v.rows {
		if !r.begun || r.ended {
			continue
		}
		passed := span(v.now().Sub(r.since))
		if r.name == "" {
			text := fmt.Sprintf("still at work: %s (%s)", r.workText(), passed)
			lead := v.mark("wait") + " "
			if v.spoken {
				lead = ""
			}
			v.put(lead + strings.Join(fold(harmless(text), v.width-3), "\n  ") + "\n")
			return
		}
		v.put(v.stepText("wait", r.name, "still at work: %s (%s)", r.text, passed))
		return
	}
}

// now is the view's time; the zero time for a view without a clock.
func (v *words) now() time.Time {
	if v.clock.Now == nil {
		return time.Time{}
	}
	return v.clock.Now()
}

// work tells of work that is no step of a run, until end is called. During a run
// its steps say enough.
func (v *words) work(what string) (end func()) {
	v.mu.Lock()
	if len(v.rows) > 0 {
		v.mu.Unlock()
		return func() {}
	}
	v.rows = []*row{{text: what, mark: "wait", begun: true, since: v.now()}}
	v.mu.Unlock()
	v.startBeat()
	return sync.OnceFunc(func() {
		v.stopBeat()
		v.mu.Lock()
		defer v.mu.Unlock()
		v.rows = nil
		if v.live() {
			v.clear()
		}
		v.stopping = false
	})
}

// workText is what such work is at.
func (r *row) workText() string {
	text := r.text
	if r.items > 0 {
		text += fmt.Sprintf(", %s so far", thousands(int64(r.items)))
	}
	if r.wait != "" {
		text += "; " + r.wait
	}
	return text
}

// waits notes what work that is no step waits for.
func (v *words) waits(wait provision.Wait) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.rows {
		if r.name == "" {
			r.wait = wait.String()
		}
	}
}

// counted notes how many items were read or written so far.
func (v *words) counted(items int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.rows {
		if r.name == "" {
			r.items, r.wait = items, ""
		}
	}
}

// stop says that the run stops, and that it waits for its calls. When the run
// has ended before this was heard, there is nothing to wait for.
func (v *words) stop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopping = len(v.rows) > 0
	if v.stopping && v.live() && v.held == 0 {
		v.put()
	}
}

// working tells people what takes its time and is no step: looking, counting,
// saving. What waits under the returned context says what for.
func (c *command) working(ctx context.Context, what string) (context.Context, func()) {
	v, people := c.view().(*words)
	if !people {
		return ctx, func() {}
	}
	end, unheed := v.work(what), context.AfterFunc(ctx, v.stop)
	return provision.Telling(ctx, v.waits), func() {
		unheed()
		end()
	}
}

// look is provision.Plan, told.
func (c *command) look(ctx context.Context, pages []provision.Page, goal provision.Goal) ([]provision.Change, error) {
	ctx, end := c.working(ctx, "looking at what exists")
	defer end()
	return provision.Plan(ctx, pages, goal)
}

// survey looks at what exists and at the account, before anything is made.
func (c *command) survey(ctx context.Context, sess session, pages []provision.Page) ([]provision.Change, provision.Outlook, error) {
	ctx, end := c.working(ctx, "looking at what exists")
	defer end()
	return provision.Survey(ctx, sess.cfg, sess.clients, pages)
}

// waits notes what such work waits for.
func (c *command) waits(wait provision.Wait) {
	if v, people := c.view().(*words); people {
		v.waits(wait)
	}
}

// progressed hears of items that were read or written.
func (c *command) progressed(items int) {
	c.work.renew()
	if v, people := c.view().(*words); people {
		v.counted(items)
	}
}
