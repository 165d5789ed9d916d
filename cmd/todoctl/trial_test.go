package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"todoctl/local"
)

// A trial is a command in a state in which it makes other calls than the first
// `up` and the `down` of a plain stack do. Each of those is made to fail as well.
type trial struct {
	name    string
	promise string // which a kill of it is a case of
	begin   func(r *rehearsal)
	line    string // DIR is the rehearsal's folder
}

const (
	otherSettings = upLine + " --index newest --policy tutorial --runtime python3.13 --auth iam --limit 5 --guard alarm"
	firstSettings = upLine + " --index none --policy least --runtime python3.12 --auth none --limit 1 --guard both"
)

// Each setting that can be changed has its calls for that, and they are tried.
func TestTheTrialsChangeEverySetting(t *testing.T) {
	untried := map[string]string{
		"email":  "every up of these tests has it",
		"source": "there is no python3 in a rehearsal, so that own code is refused",
	}
	for _, p := range preferences() {
		_, known := untried[p.flag]
		other, first := strings.Contains(otherSettings, " --"+p.flag+" "), strings.Contains(firstSettings, " --"+p.flag+" ")
		if !known && (!other || !first) {
			t.Errorf("no trial changes --%s and changes it back: give otherSettings and firstSettings a value", p.flag)
		}
	}
}

var trials = []trial{
	{name: "up that mends", promise: "T1", line: upLine, begin: func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		r.adrift()
	}},
	{name: "up with other settings", promise: "T1", line: otherSettings, begin: func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
	}},
	{name: "up with the first settings again", promise: "T1", line: firstSettings, begin: func(r *rehearsal) {
		r.wantExit(r.run(otherSettings), exitDone)
	}},
	{name: "up of a newer todoctl", promise: "T1", line: upLine, begin: func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		r.account().older()
	}},
	{name: "up that adopts", promise: "T1", line: upLine + " --adopt", begin: func(r *rehearsal) {
		for _, x := range things {
			x.make(r.account(), nil)
			settled()
		}
	}},
	{name: "down with a backup", promise: "T3", line: "down --yes --backup DIR/saved.jsonl", begin: func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
	}},
	{name: "down of other settings", promise: "T3", line: downLine, begin: func(r *rehearsal) {
		r.wantExit(r.run(otherSettings), exitDone)
	}},
	{name: "restore", promise: "T16", line: "restore --yes DIR/saved.jsonl", begin: func(r *rehearsal) {
		r.wantExit(r.run("table --yes"), exitDone)
		r.fill(notes(60, 30)) // three batches
		r.wantExit(r.run("down --yes --backup "+filepath.Join(r.dir, "saved.jsonl")), exitDone)
		r.wantExit(r.run("table --yes"), exitDone)
	}},
}

// adrift changes something of every kind that has a call of its own to put it back.
func (r *rehearsal) adrift() {
	r.Helper()
	for _, name := range []string{
		"capacity on demand", "table class", "deletion protection added",
		"trust widened", "inline policy widened", "the book's policy added",
		"timeout", "architecture", "log group made again by Lambda",
		"CORS origins", "first statement removed", "second statement removed",
		"alarm's period", "alarm's action removed", "budget of a quarter",
	} {
		i := slices.IndexFunc(drifts, func(d drift) bool { return d.name == name })
		if i < 0 {
			r.Fatalf("there is no drift %q", name)
		}
		drifts[i].change(r.account())
		settled()
	}
}

// command is the trial's line in a rehearsal.
func (x trial) command(r *rehearsal) string { return strings.ReplaceAll(x.line, "DIR", r.dir) }

// A cleanRun is a trial in which nothing goes wrong: where it begins, how many calls
// it makes, and what the account holds then.
type cleanRun struct {
	from     beginning
	calls    int
	contents string
	tasks    []string // before it
	urlID    string   // before it; "" when there was no URL
}

func (x trial) clean(t *testing.T) (c cleanRun) {
	t.Helper()
	c.from = begin(t, local.Lags{}, x.begin)
	c.from.rehearse(t, func(r *rehearsal) {
		c.tasks, c.urlID = r.tasks(), r.urlID()
		end := r.run(x.command(r))
		r.wantExit(end, exitDone)
		c.contents, c.calls = r.contents(), len(end.calls)
	})
	return c
}

// wantEnd checks that the account is as after a run in which nothing went wrong,
// with its items and its URL.
func (x trial) wantEnd(r *rehearsal, clean cleanRun) {
	r.Helper()
	if d := difference(clean.contents, r.contents()); d != "" && d != sameLines { // a statement that was added again is the last one
		r.Errorf("the account is not as after a clean run:\n%s", d)
	}
	switch word, _, _ := strings.Cut(x.line, " "); word {
	case "up":
		if tasks := r.tasks(); len(clean.tasks) > 0 && !slices.Equal(tasks, clean.tasks) || len(tasks) > 1 {
			r.Errorf("the table held %q and holds %q", clean.tasks, tasks)
		}
		if id := r.urlID(); clean.urlID != "" && id != clean.urlID {
			r.Errorf("the URL was %s and is %s", clean.urlID, id)
		}
		r.wantQuiet()
	case "down":
		r.wantNothing()
		if saved := filepath.Join(r.dir, "saved.jsonl"); strings.Contains(x.line, "--backup") && backedUp(saved) != 1 {
			r.Error("the item is not in the backup")
		}
	case "restore":
		if n := len(r.items()); n != 60 {
			r.Errorf("the table holds %d items", n)
		}
	}
}

// neverNeither checks that items which nobody gave up are in the table or in a
// good backup, however far the run came.
func (x trial) neverNeither(r *rehearsal) {
	r.Helper()
	if strings.Contains(x.line, "--backup") && !slices.Contains(r.tasks(), "Buy groceries") && backedUp(filepath.Join(r.dir, "saved.jsonl")) != 1 {
		r.Error("the item is neither in the table nor in a good backup")
	}
}

// someOf says which calls the n-th kind of fault strikes: in the full form every
// fourth, so that every call meets a quarter of the kinds; with
// TODOCTL_FULL=pairs each; in the short form every fourth kind strikes one.
func someOf(calls, n int) (first, stride int, ok bool) {
	switch {
	case pairs:
		return 1, 1, true
	case full:
		return 1 + n%4, 4, true
	}
	return 1 + 17*(n+1)%calls, calls, n%4 == 0
}

// Killed before or after any call of any of them, the same command ends what it
// has begun.
func TestWhatWasKilledAnywhereIsEndedByTheSameCommand(t *testing.T) {
	t.Parallel()
	for i, x := range trials {
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			cases, stride := 0, clean.calls // one of them in the short form
			if full {
				stride = 1
			}
			for j, kind := range []local.FaultKind{local.FaultBefore, local.FaultAfter} {
				t.Run(string(kind), func(t *testing.T) {
					cases += eachCallFrom(t, 1+(stride-1)*(2*i+j+1)/(2*len(trials)+1), stride, clean.from, func(r *rehearsal, k int) bool {
						end := r.killed(x.command(r), k, kind)
						x.neverNeither(r)
						r.wantExit(r.run(x.command(r)), exitDone)
						x.wantEnd(r, clean)
						return end.fired > 0
					})
				})
			}
			promise(t, x.promise, cases)
		})
	}
}

// T2. Or a down takes away what it has begun.
func TestDownTakesAwayWhatAnyKilledUpHasLeft(t *testing.T) {
	t.Parallel()
	for _, x := range trials {
		if !strings.HasPrefix(x.line, "up") || strings.Contains(x.line, "--adopt") { // what was not adopted yet stays
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			cases := 0
			for _, kind := range []local.FaultKind{local.FaultBefore, local.FaultAfter} {
				t.Run(string(kind), func(t *testing.T) {
					cases += eachCall(t, min(sample(clean.calls), clean.calls), clean.from, func(r *rehearsal, k int) bool {
						end := r.killed(x.command(r), k, kind)
						if down := r.run(downLine); strings.Contains(down.err, "protected against deletion") { // up had not come to that
							a := r.account()
							a.done(a.DynamoDB.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String(a.TableName()), DeletionProtectionEnabled: aws.Bool(false)}))
							settled()
						} else {
							r.wantExit(down, exitDone)
						}
						r.wantExit(r.run(downLine), exitDone)
						r.wantNothing()
						return end.fired > 0
					})
				})
			}
			promise(t, "T2", cases)
		})
	}
}

// T5. So it is with every answer that is lost, and with whatever passes.
func TestALostAnswerOfAnyOtherRunIsRepairedInIt(t *testing.T) {
	t.Parallel()
	for i, x := range trials {
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			cases := 0
			for j, kind := range slices.Concat(lostAnswers, passing) {
				first, stride, ok := someOf(clean.calls, i+j)
				if !ok {
					continue
				}
				t.Run(string(kind), func(t *testing.T) {
					cases += eachCallFrom(t, first, stride, clean.from, func(r *rehearsal, k int) bool {
						end := r.run(x.command(r), local.Fault{Kind: kind, Call: k})
						r.wantExit(end, exitDone)
						x.wantEnd(r, clean)
						return end.fired > 0
					})
				})
			}
			promise(t, "T5", cases)
		})
	}
}

// T6. And with every call that fails for good, once it does so no more.
func TestALastingFaultOfAnyOtherRunHasAWayOn(t *testing.T) {
	t.Parallel()
	for i, x := range trials {
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			cases := 0
			for j, kind := range lasting {
				first, stride, ok := someOf(clean.calls, i+j)
				if !ok {
					continue
				}
				t.Run(string(kind), func(t *testing.T) {
					cases += eachCallFrom(t, first, stride, clean.from, func(r *rehearsal, k int) bool {
						end := r.run(x.command(r), local.Fault{Kind: kind, Call: k, Times: local.Always})
						if end.fired == 0 {
							return false
						}
						r.wantReason(end, kind)
						x.neverNeither(r)
						r.wantExit(r.run(x.command(r)), exitDone)
						x.wantEnd(r, clean)
						return true
					})
				})
			}
			promise(t, "T6", cases)
		})
	}
}
