package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
)

// wantIndex checks that the table has todoctl's index, or none, and that another
// up and status find nothing to do.
func (r *rehearsal) wantIndex(there bool) {
	r.Helper()
	out, err := r.tables().DescribeTable(r.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	if err != nil {
		r.Fatal(err)
	}
	indexes := out.Table.GlobalSecondaryIndexes
	if there != (len(indexes) == 1 && *indexes[0].IndexName == "newest" && indexes[0].IndexStatus == types.IndexStatusActive) || !there && len(indexes) > 0 {
		r.Errorf("the indexes are %+v, wanted: %t", indexes, there)
	}
	r.wantQuiet()
}

// The index's three ways: with the table, added to it, taken away again.
var indexLines = []struct {
	name, before, line string
	there              bool
}{
	{"made with the table", "", upLine + " --index", true},
	{"added", upLine, upLine + " --index newest", true},
	{"taken away", upLine + " --index", upLine + " --index none", false},
}

func indexBeginnings(t *testing.T, lags local.Lags) map[string]beginning {
	t.Helper()
	from := map[string]beginning{}
	for _, c := range indexLines {
		from[c.name] = beginning{lags: lags}
		if c.before != "" {
			from[c.name] = begin(t, lags, func(r *rehearsal) { r.wantExit(r.run(c.before), exitDone) })
		}
	}
	return from
}

func TestEveryLostAnswerAboutAnIndexIsRepairedInTheSameRun(t *testing.T) {
	t.Parallel()
	cases, from := 0, indexBeginnings(t, local.Lags{})
	for i, kind := range slices.Concat(lostAnswers, passing) {
		for _, c := range indexLines {
			t.Run(string(kind)+" "+c.name, func(t *testing.T) {
				cases += eachCall(t, sample(31+i%3), from[c.name], func(r *rehearsal, k int) bool {
					end := r.run(c.line, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					r.wantIndex(c.there)
					return end.fired > 0
				})
			})
		}
	}
	promise(t, "T5", cases)
}

// Killed at any call, with AWS's own delays, the next run goes on from there.
func TestKilledAtAnIndexTheNextRunContinues(t *testing.T) {
	t.Parallel()
	from := indexBeginnings(t, local.AWSLags)
	for _, c := range indexLines {
		t.Run(c.name, func(t *testing.T) {
			eachCall(t, sample(23), from[c.name], func(r *rehearsal, k int) bool {
				kinds := []local.FaultKind{local.FaultBefore, local.FaultAfter}
				end := r.killed(c.line, k, kinds[k%2])
				r.wantExit(r.run(c.line), exitDone)
				r.wantIndex(c.there)
				r.wantExit(r.run(downLine), exitDone)
				r.wantNothing()
				return end.fired > 0
			})
		})
	}
}

// The flag may stand alone, and takes its value after a space as after a sign.
func TestTheIndexFlagTakesItsValueEitherWay(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		for _, c := range []struct {
			words string
			there bool
		}{{"--index --yes", true}, {"--index none --yes", false}, {"--index newest --yes", true}, {"--index=none --yes", false}} {
			r.wantExit(r.run("table "+c.words), exitDone)
			r.wantTable(c.there)
		}
		if end := r.run("table --index nwest --yes"); end.exit != exitUsage || !strings.Contains(end.err, "--index \"nwest\" is not known: it is none or newest") || !strings.Contains(end.err, "--index newest") && !strings.Contains(end.err, "--index=newest") {
			t.Errorf("it exits %d:\n%s", end.exit, end.err)
		}
	})
}

func (r *rehearsal) wantTable(indexed bool) {
	r.Helper()
	out, err := r.tables().DescribeTable(r.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	if err != nil || indexed != (len(out.Table.GlobalSecondaryIndexes) == 1) {
		r.Errorf("%+v, %v; an index wanted: %t", out, err, indexed)
	}
}
