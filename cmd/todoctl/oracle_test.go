package main

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
)

// full says that every case is run, as `make promises` does: TODOCTL_FULL=1. The
// short form takes a sample of the same cases. TODOCTL_FULL=pairs runs those as
// well of which there are hours: every two calls, every kind at every call of
// every run, ten thousand orders of two at once.
var (
	full  = os.Getenv("TODOCTL_FULL") != ""
	pairs = os.Getenv("TODOCTL_FULL") == "pairs"
)

// The commands whose every call is made to fail.
const (
	upLine     = "up --yes --email me@example.com"
	statusLine = "status"
	downLine   = "down --yes --discard-data"
)

// sample is every n-th case in the short form, and every one in the full form.
// What the race detector looks for shows in a few.
func sample(n int) int {
	switch {
	case full:
		return 1
	case raced:
		return max(n, min(3*n+1, 37)) // more would pass over the shortest runs
	}
	return n
}

// eachCall runs a case for the first call of a command, the second, and so on,
// until one in which nothing was struck because call k was never made. New
// calls are covered by themselves. A sample begins somewhere in its first stride, by
// the test's name, so that those of one promise strike at calls all over a run.
func eachCall(t *testing.T, stride int, from beginning, run func(r *rehearsal, k int) (struck bool)) (cases int) {
	t.Helper()
	if cases = eachCallFrom(t, 1+spread(t.Name(), stride), stride, from, run); cases == 0 && !t.Failed() { // a shorter run than that
		cases = eachCallFrom(t, 1+stride/2, stride, from, run)
	}
	return cases
}

// spread is a number below n that a name always has.
func spread(name string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % uint32(n)) //nolint:gosec // strides are small
}

func eachCallFrom(t *testing.T, first, stride int, from beginning, run func(r *rehearsal, k int) (struck bool)) (cases int) {
	t.Helper()
	for k, more := first, true; more && !t.Failed(); k += stride {
		t.Run(strconv.Itoa(k), func(t *testing.T) {
			from.rehearse(t, func(r *rehearsal) { more = run(r, k) })
		})
		if more {
			cases++
		}
	}
	return cases
}

// promise notes how many cases of a promise a test has run.
func promise(t *testing.T, name string, cases int) {
	t.Helper()
	if cases == 0 {
		t.Error("no case was run")
	}
	t.Attr("promise", name)
	t.Attr("cases", strconv.Itoa(cases))
}

// cleanUp is what an account holds after an `up` in which nothing goes wrong.
func cleanUp(t *testing.T) (contents string) {
	t.Helper()
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		contents = r.contents()
	})
	return contents
}

// finished is a stack that a clean `up` has made.
func finished(t *testing.T) beginning {
	t.Helper()
	return begin(t, local.Lags{}, func(r *rehearsal) { r.wantExit(r.run(upLine), exitDone) })
}

func (r *rehearsal) wantExit(end ending, exits ...int) {
	r.Helper()
	if !slices.Contains(exits, end.exit) {
		r.Fatalf("it exits %d, not %v:\n%s%s", end.exit, exits, end.out, end.err)
	}
}

// wantWhole checks that the account holds what a clean `up` makes, and the test's
// item no more than once, that another `up` writes nothing and that `status` finds
// nothing.
func (r *rehearsal) wantWhole(clean string) {
	r.Helper()
	if tasks := r.tasks(); len(tasks) > 1 { // none where the URL had just been made: the test posts to a new one only
		r.Errorf("the table holds %q", tasks)
	}
	r.wantSame(clean)
}

// wantSame checks all that but the items: two that test the API at once may each
// add one.
func (r *rehearsal) wantSame(clean string) {
	r.Helper()
	if d := difference(clean, r.contents()); d != "" {
		r.Errorf("the account is not as after a clean up:\n%s", d)
	}
	r.wantQuiet()
}

// wantQuiet checks that another `up` writes nothing and that `status` finds
// nothing.
func (r *rehearsal) wantQuiet() {
	r.Helper()
	r.flapped()
	if again := r.run(upLine); again.exit != exitDone || again.writes != 0 {
		r.Errorf("another up exits %d after %d writes:\n%s", again.exit, again.writes, again.err)
	}
	if seen := r.run(statusLine); seen.exit != exitDone {
		r.Errorf("status exits %d:\n%s", seen.exit, seen.out)
	}
}

// wantNothing checks that nothing at all is left.
func (r *rehearsal) wantNothing() {
	r.Helper()
	if left := r.contents(); left != "{}" {
		r.Errorf("left:\n%s", left)
	}
}

// tables speaks to the account behind todoctl's back.
func (r *rehearsal) tables() *dynamodb.Client {
	return dynamodb.NewFromConfig(aws.Config{
		Region: localRegion, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: &http.Client{Transport: r.cloud.Transport()},
	})
}

// items are what the table holds; nil when there is none.
func (r *rehearsal) items() []attributes {
	r.Helper()
	out, err := r.tables().Scan(r.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable")})
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
		return nil
	}
	if err != nil {
		r.Fatal(err)
	}
	return out.Items
}

// tasks are the to-dos in the table, by their text.
func (r *rehearsal) tasks() []string {
	r.Helper()
	var tasks []string
	for _, item := range r.items() {
		if task, ok := item["task"].(*types.AttributeValueMemberS); ok {
			tasks = append(tasks, task.Value)
		}
	}
	slices.Sort(tasks)
	return tasks
}

// sameLines is the difference of texts whose lines are in another order.
const sameLines = "the same lines in another order or number"

// difference shows two texts' lines that the other one does not have, or not as
// often.
func difference(want, got string) string {
	count := map[string]int{}
	for line := range strings.Lines(got) {
		count[strings.TrimRight(line, ",\n")]++ // the last one of a list has no comma
	}
	for line := range strings.Lines(want) {
		count[strings.TrimRight(line, ",\n")]--
	}
	var lines []string
	for _, line := range slices.Sorted(maps.Keys(count)) {
		if n := count[line]; n != 0 {
			lines = append(lines, fmt.Sprintf("%+d %s", n, line))
		}
	}
	if lines == nil && want != got {
		return sameLines
	}
	return strings.Join(lines, "\n")
}
