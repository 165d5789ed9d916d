package main

import (
	"cmp"
	"slices"
	"strings"
)

// The catalogue holds every problem that todoctl can tell of, and it is the only
// place with its words: what is printed in a run, what `todoctl explain` says,
// and docs/problems.md all come from here.
//
// An id never changes its meaning once it was published, and is never given to
// something else: people paste it into searches, and old pages go on answering.
// New entries come at the end of their area.

// An entry is one problem of the catalogue.
type entry struct {
	ID    string   // TODO-AREA-NN
	Title string   // what went wrong, as after "error:": lower case, no full stop
	Cause string   // why, in a clause or two; printed under the error where the run knows nothing better
	Why   string   // the same at length, for somebody who meets it for the first time
	Do    []remedy // what helps, best first
	Link  string   // AWS's own page, "" where there is none
	Exit  int      // of a run that ends with it; a run may know better
	Hint  bool     // no error: something to know, for which no run ends
}

// A remedy is one thing to do: a sentence, and a line to paste where there is one.
type remedy struct{ Say, Type string }

// An area is what the middle of an id stands for.
type area struct {
	Name  string // IAM
	Title string
	list  []entry
}

// areas are in the order in which a learner meets them.
var areas = []area{
	{"USE", "The command line and its answers", useEntries},
	{"CRED", "Credentials and sign-in", credEntries},
	{"ACCT", "The account, its plan, quotas and Region", acctEntries},
	{"IAM", "Permissions", iamEntries},
	{"NET", "The network, its name service, proxies and clocks", netEntries},
	{"TABLE", "The table", tableEntries},
	{"ROLE", "The role", roleEntries},
	{"FN", "The function and its code", fnEntries},
	{"LOG", "The function's log", logEntries},
	{"URL", "The Function URL", urlEntries},
	{"TEST", "The test of the API", testEntries},
	{"OPEN", "The web page", openEntries},
	{"ALARM", "The alarm and the budget", alarmEntries},
	{"BACKUP", "Backups of the items", backupEntries},
	{"LOCAL", "The AWS on this machine", localEntries},
	{"RUN", "The run itself", runEntries},
}

// catalogue is every entry, in the order of the areas.
func catalogue() []entry {
	var all []entry
	for _, a := range areas {
		all = append(all, a.list...)
	}
	return all
}

// find returns the entry of an id.
func find(id string) (entry, bool) {
	all := catalogue()
	i := slices.IndexFunc(all, func(e entry) bool { return e.ID == id })
	if i < 0 {
		return entry{}, false
	}
	return all[i], true
}

// complete gives a Problem the words and the exit code of its entry, where it
// brings none of its own.
func (p *Problem) complete() *Problem {
	e, _ := find(p.ID)
	full := *p
	full.What, full.Why, full.Exit = cmp.Or(p.What, e.Title), cmp.Or(p.Why, e.Cause), cmp.Or(p.Exit, e.Exit)
	return &full
}

// area is the middle of an id.
func (e entry) area() string {
	_, rest, _ := strings.Cut(e.ID, "-")
	name, _, _ := strings.Cut(rest, "-")
	return name
}
