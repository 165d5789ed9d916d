package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// A background is the local AWS that runs behind the terminal, as its file
// tells it to the next command. The token lets only its owner stop it: the
// file is 0600.
type background struct {
	PID     int       `json:"pid"`
	Address string    `json:"address"` // 127.0.0.1:port; kept for the next start
	Token   string    `json:"token"`
	Version string    `json:"version"`
	Lag     string    `json:"lag"`
	Started time.Time `json:"started"`
}

func (b *background) endpoint() string { return "http://" + b.Address }

func (a *App) localDir() string    { return filepath.Join(a.StateDir, "local") }
func (a *App) localStore() string  { return filepath.Join(a.localDir(), "aws.db") }
func (a *App) localRecord() string { return filepath.Join(a.localDir(), "server.json") }
func (a *App) localLog() string    { return filepath.Join(a.localDir(), "server.log") }

// readBackground reads the record; nil when there is none that can be read, or
// when somebody else may have written it.
func (a *App) readBackground() *background {
	if !a.isOwn(a.localDir()) {
		return nil
	}
	data, err := a.readFile(a.localRecord())
	if err != nil {
		return nil
	}
	var b background
	if json.Unmarshal(data, &b) != nil || b.Address == "" {
		return nil
	}
	return &b
}

// findLocal returns the running local AWS, or nil.
func (a *App) findLocal(ctx context.Context) *background {
	b := a.readBackground()
	if b == nil || b.PID == 0 {
		return nil
	}
	var alive background
	if err := a.control(ctx, b, http.MethodGet, "health", &alive); err != nil || alive.PID != b.PID {
		return nil
	}
	return b
}

// lookForLocal is findLocal for a person who may stop waiting: then nobody knows
// whether it runs.
func (c *command) lookForLocal(ctx context.Context) (*background, error) {
	if b := c.findLocal(ctx); b != nil {
		return b, nil
	}
	return nil, ctx.Err()
}

// How long a start may take, and how often to look. A start takes some 30 ms;
// a slow disk or a virus scanner may need much longer.
const (
	startLimit = 15 * time.Second
	startLook  = 5 * time.Millisecond
)

// startLocal returns the running local AWS and starts it when there is none.
func (c *command) startLocal(ctx context.Context, flags ...string) (*background, error) {
	b, err := c.lookForLocal(ctx)
	if err != nil {
		return nil, err
	}
	if b != nil {
		if b.Version == version {
			return b, nil
		}
		if err := c.stopLocal(ctx, b); err != nil { // an older todoctl's: its data stays
			return nil, err
		}
	}
	if err := c.makeLocalDir(); err != nil {
		return nil, err
	}
	ended, err := c.spawnLocal(flags)
	if err != nil {
		return nil, err
	}
	for deadline, again := c.Clock.Now().Add(startLimit), 3; ; {
		if b := c.findLocal(ctx); b != nil { // ours, or one that another command has just started
			return b, nil
		}
		select {
		case <-ended:
			if err := c.damagedStore(local.Examine(c.localStore())); err != nil {
				return nil, err
			}
			// The one before may still hold the store: it ends after its port.
			if again--; again < 0 {
				return nil, c.startProblem("it ended at once")
			}
			if err := c.Clock.Sleep(ctx, 300*time.Millisecond); err != nil {
				return nil, err
			}
			if ended, err = c.spawnLocal(flags); err != nil {
				return nil, err
			}
		default:
		}
		if c.Clock.Now().After(deadline) {
			return nil, c.startProblem("it did not answer in " + startLimit.String())
		}
		if err := c.Clock.Sleep(ctx, startLook); err != nil {
			return nil, err
		}
	}
}

// makeLocalDir makes the folder that holds the local AWS.
func (c *command) makeLocalDir() error {
	err := c.makePrivateDir(c.localDir())
	if err == nil {
		return nil
	}
	p := told("TODO-LOCAL-04", err.Error(), "TODOCTL_STATE=$HOME/todoctl-state "+c.again()+"   (keeps it elsewhere)")
	if _, others := errors.AsType[*Problem](err); others {
		p.ID = "TODO-LOCAL-05"
	}
	return p
}

// spawnLocal starts the local AWS; the channel is closed when it has ended.
func (c *command) spawnLocal(flags []string) (<-chan struct{}, error) {
	wait, err := c.startSelf(c.localLog(), append([]string{"local", "serve", "--background"}, flags...)...)
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = wait() // why it ended stands in its log
		close(ended)
	}()
	return ended, nil
}

// damagedStore explains a store that cannot be used, and is nil for every other
// error. Both files go together: the journal belongs to the store.
func (a *App) damagedStore(err error) error {
	damaged, ok := errors.AsType[*local.DamagedError](err)
	if !ok {
		return nil
	}
	dir, move := a.localDir(), "mv"
	if a.GOOS == "windows" {
		move = "move"
	}
	aside := dir + ".damaged"
	for n := 2; a.isThere(aside); n++ { // an earlier one stays as it is
		aside = fmt.Sprintf("%s.damaged-%d", dir, n)
	}
	return told("TODO-LOCAL-03", "the local AWS's data in "+filepath.Base(damaged.Path)+" is damaged: "+damaged.Why, move+" "+provision.Quote(dir)+" "+provision.Quote(aside))
}

func (c *command) startProblem(why string) error {
	if log, err := c.readFile(c.localLog()); err == nil && len(bytes.TrimSpace(log)) > 0 {
		lines := strings.Split(strings.TrimSpace(string(log)), "\n")
		last := lines[len(lines)-1]
		for _, line := range lines {
			if text, is := strings.CutPrefix(line, "error: "); is {
				last = text
			}
		}
		why += "; its last words: " + last
	}
	return &Problem{ID: "TODO-LOCAL-01", Why: why, Fix: []string{"todoctl local serve"}}
}

// closeLimit is how long a server that answers no more may take to close its
// store: one that was killed meanwhile never says that it has.
const closeLimit = 5 * time.Second

// stopLocal asks the local AWS to stop, and waits until it has: until it answers
// no more, and has taken its record back.
func (c *command) stopLocal(ctx context.Context, b *background) error {
	if err := c.control(ctx, b, http.MethodPost, "stop", nil); err != nil {
		return &Problem{ID: "TODO-LOCAL-08", Why: plainText(err), Fix: []string{"todoctl local status"}}
	}
	silent := time.Time{} // since when it does not answer
	for deadline := c.Clock.Now().Add(startLimit); c.Clock.Now().Before(deadline); {
		if silent.IsZero() && c.control(ctx, b, http.MethodGet, "health", nil) != nil {
			silent = c.Clock.Now()
		}
		if !silent.IsZero() {
			if now := c.readBackground(); now == nil || now.Token != b.Token || c.Clock.Now().Sub(silent) > closeLimit {
				return nil
			}
		}
		if err := c.Clock.Sleep(ctx, startLook); err != nil {
			return err
		}
	}
	return told("TODO-LOCAL-08", fmt.Sprintf("the local AWS (pid %d) is still running", b.PID), "todoctl local status")
}

// controlPath is where the server answers todoctl itself, beside AWS's calls.
const controlPath = "/_todoctl/"

// controlLimit is how long the local AWS may take to answer about itself.
const controlLimit = 5 * time.Second

// control makes one call to the server's own side.
func (a *App) control(ctx context.Context, b *background, method, what string, answer any) error {
	return a.controlWithin(ctx, controlLimit, b, method, what, answer)
}

func (a *App) controlWithin(ctx context.Context, limit time.Duration, b *background, method, what string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, b.endpoint()+controlPath+what, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+b.Token)
	client := a.httpClient(0)
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New("the local AWS answered " + res.Status)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(body, answer)
}

// runner asks what functions run in. On a machine with a slow disk, or one that
// has much else to do, boto3 takes seconds to be imported for the first time.
func (c *command) runner(ctx context.Context, b *background) (runner, error) {
	var in runner
	of := url.Values{"function": {provision.Config{Stack: c.stack}.FunctionName()}, "region": {cmp.Or(c.region, localRegion)}}
	err := c.controlWithin(ctx, searchLimit+controlLimit, b, http.MethodGet, "runner?"+of.Encode(), &in)
	return in, err
}
