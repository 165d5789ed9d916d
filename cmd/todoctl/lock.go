package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// A holder is who works on a stack, for the words of the next one. It stands in
// a file beside the lock: Windows lets nobody read a locked file.
type holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// A lock that is taken is tried so often, and so long after each other.
const (
	lockTries = 5
	lockPause = 20 * time.Millisecond
)

// lock keeps a second todoctl of this person away from the same stack until
// unlock, questions included: what a person is shown must still hold when she
// says yes. The lock is the kernel's, so that of a killed todoctl is free; its
// file stays, because removing it would let two in.
//
// The lock spares confusion and is not what keeps a stack whole: that is done by
// AWS and the tags, across machines too. So where the state folder cannot hold
// one, the person is told and the work goes on.
func (c *command) lock(s session) error {
	if c.dryRun || c.held != nil {
		return nil
	}
	path, who := c.lockPath(s)+".lock", c.lockPath(s)+".json"
	if err := c.makePrivateDir(filepath.Dir(path)); err != nil {
		c.noLock(err)
		return nil
	}
	l := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	got, err := l.TryLock()
	for tries := 1; !got && err == nil && tries < lockTries; tries++ { // a look at it holds it for a moment, as tellOther's does
		if err = c.Clock.Sleep(context.Background(), lockPause); err == nil {
			got, err = l.TryLock()
		}
	}
	if err != nil {
		c.noLock(fmt.Errorf("lock %s: %w", path, plainPathError(err)))
		return nil
	}
	if !got {
		return c.taken(who, s.cfg.Stack)
	}
	c.held = func() {
		_ = c.writePrivate(who, []byte("{}\n")) // the next one writes its own; who fails to read it says less
		_ = l.Close()                           // the kernel does it at the end in any case
	}
	data, err := json.Marshal(holder{PID: c.pid(), Command: "todoctl " + c.name, Since: c.Clock.Now()})
	if err != nil {
		return err
	}
	if err := c.writePrivate(who, append(data, '\n')); err != nil {
		c.noLock(err)
	}
	c.unsettle(s)
	return nil
}

// lockPath is where the lock of a stack lies, without its end.
func (c *command) lockPath(s session) string {
	name := fmt.Sprintf("%s-%s-%s", s.cfg.Account, url.PathEscape(s.cfg.Region), s.cfg.Stack)
	if s.cfg.Local {
		name = "local-" + name
	}
	return filepath.Join(c.StateDir, "locks", name)
}

// unlock gives the lock back; without one it does nothing.
func (c *command) unlock() {
	if c.held != nil {
		c.held()
		c.held = nil
	}
}

func (c *command) noLock(err error) {
	c.view().Note("note: start no second todoctl on this stack now, it would not be held back:")
	c.view().Note("      %s", err)
}

// read says who works on a stack, as a file tells it; false when it names nobody.
func (c *command) read(who string) (by string, named bool) {
	var h holder
	if data, err := c.readFile(who); err != nil || json.Unmarshal(data, &h) != nil || h.PID == 0 {
		return "", false
	}
	return fmt.Sprintf(" (pid %d, %s, since %s)", h.PID, h.Command, clockTime(h.Since)), true
}

func clockTime(t time.Time) string { return t.Local().Format("15:04:05") }

// tellOther says to somebody who only looks that another todoctl is at work on
// the stack: what is half made then is no fault. The lock is tried, shared and
// for a moment, only where a file names somebody, so that a look is in nobody's
// way; that of a killed todoctl is free.
func (c *command) tellOther(s session) {
	path := c.lockPath(s)
	by, named := c.read(path + ".json")
	if !named {
		return
	}
	l := flock.New(path+".lock", flock.SetFlag(os.O_RDWR))
	free, err := l.TryRLock()
	_ = l.Close()
	if err == nil && !free {
		for _, line := range fold(fmt.Sprintf("note: another todoctl is at work on the stack %s%s; what is not as it should be may only be on its way", s.cfg.Stack, by), min(c.Width, 80)) {
			c.view().Note("%s", line)
		}
	}
}

// taken says who holds the lock.
func (c *command) taken(who, stack string) error {
	by, _ := c.read(who)
	return told("TODO-RUN-04", fmt.Sprintf("another todoctl is at work on the stack %s%s", stack, by), c.again()+"   (when it has ended)", c.with("status"))
}
