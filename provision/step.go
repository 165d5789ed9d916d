package provision

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Step is one page of the walkthrough.
type Step interface {
	// Describe says what the step is for. It never touches the network.
	Describe() Description
	// Observe looks and never changes. What is missing is Absent, not an error.
	Observe(ctx context.Context) (Observation, error)
	// Apply makes it so. It is called with Absent or Drift only, and may return
	// before AWS has finished: Run looks until it has.
	Apply(ctx context.Context, seen Observation) error
	// Destroy takes it away. It is called with OK, Drift or Mixed only, and of
	// Mixed it takes what is ours; already gone is success.
	Destroy(ctx context.Context, seen Observation) error
}

// A Description is a page of the walkthrough in words.
type Description struct {
	Name     string    // the step's one word: "table"
	Resource string    // what it is about: "TodoTable"
	What     string    // what will exist afterwards, a sentence
	Why      string    // what it is for, a sentence or two
	Settings []Setting // what will be set
	Cost     string    // what it costs, a sentence
	Purpose  string    // what it is for in three words, for a row of the plan
	Cover    string    // what of the free tier it lives on, as few
	Without  string    // what is missing where it is left out, a sentence

	Settle time.Duration // how long AWS may take after Apply
	Gone   time.Duration // how long it may take after Destroy; 0 means Settle
}

// A Setting is one value that a step sets, with its reason.
type Setting struct {
	Name, Value string
	Why         string // a few words: a page of 24 rows has one row for it
	More        string // the whole reason, where that has no room; "" when Why is all
}

// State is what Observe found.
type State int

const (
	Unknown State = iota // the zero value: a bug, because a forgotten field must not create anything
	Absent               // there is nothing of that name
	OK                   // it is as it should be
	Drift                // it is ours and differs; Diffs says how
	Foreign              // it has the name and not our tag; Owner says what is known
	Mixed                // some of its parts are ours and others Foreign; Owner says which are not
)

// Others says that something of it is not ours.
func (s State) Others() bool { return s == Foreign || s == Mixed }

func (s State) String() string {
	return [...]string{"unknown", "absent", "ok", "drift", "foreign", "mixed"}[s]
}

// An Observation is what a step found.
type Observation struct {
	State State
	ID    string // ARN or URL, to print
	Owner string // when Foreign or Mixed: whose it seems to be, in words
	Diffs []Diff // when Drift: what differs

	// Pending says what AWS is still doing by itself ("CREATING"). State is then
	// Drift, and looking again later is enough.
	Pending string

	// Wait is what there is to wait for, in words, where the step knows more than
	// Pending says.
	Wait Wait

	// Failed says why AWS has given up by itself. State is then Drift, and
	// looking again will not help.
	Failed string

	// Denied says that AWS does not let this identity look, where the walkthrough
	// can go on without the step. It is then left alone; Advice says what to ask
	// for.
	Denied  string
	Refusal error // AWS's own, behind Denied

	// Advice is what a person may do and need not: no fault, no exit code.
	Advice []string

	// CodeChanged says that somebody else has changed the function's code since
	// todoctl's last upload. It stays, unless Config.ReplaceCode says otherwise.
	CodeChanged bool

	// ByHand is what of it only a person can do, each as an order of few words.
	ByHand []string

	// Detail is what the step saw, for its own Apply and Destroy.
	Detail any
}

// A Diff is one setting that is not as it should be.
type Diff struct{ Field, Have, Want string }

func (d Diff) String() string { return fmt.Sprintf("%s is %s, should be %s", d.Field, d.Have, d.Want) }

// A Goal is what a run is for.
type Goal int

const (
	Up Goal = iota + 1
	Down
)

// An Action is what Run will do with a step.
type Action string

const (
	Keep   Action = "keep"
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	Refuse Action = "refuse"
)

// Decide is the whole policy of the table in the package's documentation.
// Unknown panics: an observation that nobody filled in must not create anything.
func Decide(goal Goal, s State) Action {
	switch goal {
	case Up:
		switch s {
		case Absent:
			return Create
		case OK:
			return Keep
		case Drift:
			return Update
		case Foreign, Mixed:
			return Refuse
		}
	case Down:
		switch s {
		case Absent, Foreign:
			return Keep
		case OK, Drift, Mixed:
			return Delete
		}
	}
	panic(fmt.Sprintf("provision: no decision for goal %d and state %s", goal, s))
}

// A Page is a Step in its place in the walkthrough.
type Page struct {
	Step  Step
	After []string // steps whose Apply must have returned: the claim, not the result
	Needs []string // steps that must have settled
	Skip  bool     // looked at, and otherwise left alone
	Ours  bool     // what it needs must be todoctl's, not only there: it writes through it
}

// A Change is a Page with what was seen there and what follows from it.
type Change struct {
	Page
	Seen   Observation
	Action Action
	Err    error     // going down, why AWS does not let us look; Action is then Keep
	Cost   *StepCost // going up, once an Outlook has priced it
}

// Name is the step's one word.
func (c Change) Name() string { return c.Step.Describe().Name }

// A ForeignError says that a resource has the right name and not our tag.
type ForeignError struct{ Step, Resource, Owner string }

// named says that a resource's tags tell whose it is: to look again tells no more.
func named(owner string) bool {
	return strings.Contains(owner, "it belongs to") && !strings.Contains(owner, "it has no tag")
}

func (e *ForeignError) Error() string {
	switch {
	case strings.HasPrefix(e.Owner, "it belongs to"):
		return fmt.Sprintf("%s is not this stack's: %s", e.Resource, e.Owner)
	case named(e.Owner):
		return fmt.Sprintf("%s is not this stack's (%s)", e.Resource, e.Owner)
	case e.Owner != "":
		return fmt.Sprintf("%s was not made by todoctl (%s)", e.Resource, e.Owner)
	}
	return e.Resource + " was not made by todoctl"
}

// A StepError says which step failed and what it was doing.
type StepError struct {
	Step   string
	Action Action
	Err    error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s the %s: %v", e.Action, e.Step, e.Err) }
func (e *StepError) Unwrap() error { return e.Err }

// A FailedError says that AWS accepted a change and then gave it up.
type FailedError struct{ Resource, Reason string }

func (e *FailedError) Error() string {
	return fmt.Sprintf("AWS gave up on %s: %s", e.Resource, e.Reason)
}

// A ChangedError says that somebody else changed a resource between our look
// and our write. Nothing was overwritten.
type ChangedError struct{ Resource string }

func (e *ChangedError) Error() string {
	return e.Resource + " was changed by somebody else in the meantime; nothing was overwritten, look again"
}

// A GoneError says that somebody else deleted a resource while a step was at
// work on it.
type GoneError struct{ Err error } // AWS's own

func (e *GoneError) Error() string {
	return "somebody else has deleted what this step was working on"
}
func (e *GoneError) Unwrap() error { return e.Err }

// An UnsettledError says that AWS did not get there in time.
type UnsettledError struct {
	Waited time.Duration
	Seen   Observation
	Goal   Goal
}

func (e *UnsettledError) Error() string {
	switch {
	case e.Seen.Pending != "":
		return fmt.Sprintf("AWS still says %s after %s", e.Seen.Pending, e.Waited.Round(time.Second))
	case e.Goal == Down:
		return fmt.Sprintf("it is still there after %s", e.Waited.Round(time.Second))
	case e.Seen.State == Absent:
		return fmt.Sprintf("it was created and AWS does not show it after %s", e.Waited.Round(time.Second))
	case len(e.Seen.Diffs) > 0:
		return fmt.Sprintf("%s, after %s", e.Seen.Diffs[0], e.Waited.Round(time.Second))
	}
	return fmt.Sprintf("it is %s after %s", e.Seen.State, e.Waited.Round(time.Second))
}

// A NeedError says that a step cannot start because another one is not there.
type NeedError struct{ Step, Need string }

func (e *NeedError) Error() string {
	return fmt.Sprintf("the %s needs the %s, which does not exist", e.Step, e.Need)
}
