//go:build !windows

package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"todoctl/local"
)

// cloudProvocations are of the account, its permissions and the way to AWS.
var cloudProvocations = []provocation{
	{"TODO-ACCT-01", "an account that is hours old", on(func(x *wire) string {
		return x.answers(403, "OptInRequired", "You are not subscribed to this service").fails("status")
	})},
	{"TODO-ACCT-02", "no Region anywhere", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_ACCESS_KEY_ID=AKIACANARY", "AWS_SECRET_ACCESS_KEY=canary"), "status")
	}},
	{"TODO-ACCT-03", "a Region that is switched off", on(func(x *wire) string {
		return x.answers(403, "InvalidClientTokenId", "The security token included in the request is invalid").fails("status", "--region", "af-south-1")
	})},
	{"TODO-ACCT-04", "a Region that is none", on(func(x *wire) string { return x.fails("status", "--region", "us-east") })},
	{"TODO-ACCT-05", "no more tables", onAccount(local.Config{Account: local.Account{Full: []string{"CreateTable"}}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-ACCT-05", "no more roles", onAccount(local.Config{Account: local.Account{Full: []string{"CreateRole"}}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-ACCT-05", "no more room for code", onAccount(local.Config{Account: local.Account{Full: []string{"CreateFunction"}}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-ACCT-05", "no more log groups", onAccount(local.Config{Account: local.Account{Full: []string{"CreateLogGroup"}}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-ACCT-05", "no more alarms", onAccount(local.Config{Account: local.Account{Full: []string{"PutMetricAlarm"}}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-ACCT-06", "the root user", on(func(x *wire) string {
		said := x.asked("arn:aws:iam::000000000000:root").must(0, "up", "--yes").errs.String()
		return hinted(x.t, said, "signed in as the account's root user")
	})},
	{"TODO-ACCT-07", "the free plan", onAccount(local.Config{Account: local.Account{Plan: local.PlanFree, Credits: 3}}, func(r *rehearsal) ending {
		end := r.up().run("status")
		hinted(r.T, end.out, "free plan")
		return end
	})},
	{"TODO-ACCT-08", "ten functions at once", virtual(func(r *rehearsal) ending {
		end := r.up().run("status")
		hinted(r.T, end.out, "this account answers at most 10 requests at once")
		return end
	})},

	{"TODO-IAM-01", "a table that may not be made", virtual(func(r *rehearsal) ending {
		end := r.run(upLine, always(local.FaultDenied, "CreateTable"))
		hinted(r.T, end.err, "dynamodb:CreateTable")
		return end
	})},
	{"TODO-IAM-02", "a deny of the organization", virtual(func(r *rehearsal) ending {
		return r.runBetween(upLine, refuse("CreateTable", "AccessDeniedException",
			"User: arn:aws:iam::000000000000:user/local is not authorized to perform: dynamodb:CreateTable on resource: arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable with an explicit deny in a service control policy"))
	})},
	{"TODO-IAM-03", "no iam:PassRole", onAccount(local.Config{Operator: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:PassRole","Resource":"*"}]}`},
		func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-IAM-04", "a last look that is not allowed", virtual(func(r *rehearsal) ending {
		looks := len(callsOf(r.up().run(downLine).calls, "GetRole"))
		return r.up().run(downLine, local.Fault{Kind: local.FaultDenied, Operation: "GetRole", Call: looks})
	})},

	{"TODO-NET-01", "no name service", virtual(func(r *rehearsal) ending { return r.run(upLine, always(local.FaultNoName, "CreateTable")) })},
	{"TODO-NET-02", "nobody listens", func(t *testing.T) string {
		return saidBy(t, append(newWire(t).env, "AWS_ENDPOINT_URL=http://"+deaf(t)), "status")
	}},
	{"TODO-NET-03", "a hotel's sign-in page", virtual(func(r *rehearsal) ending { return r.run(upLine, always(local.FaultHTML, "")) })},
	{"TODO-NET-03", "answers that are cut off", virtual(func(r *rehearsal) ending { return r.run(upLine, always(local.FaultCutBody, "CreateTable")) })},
	{"TODO-NET-04", "no answer at all", virtual(func(r *rehearsal) ending { return r.run(upLine, always(local.FaultStall, "CreateTable")) })},
	{"TODO-NET-05", "a clock that is behind", on(func(x *wire) string {
		return x.answers(403, "SignatureDoesNotMatch", "Signature expired: 20261123T100000Z is now earlier than 20261123T110000Z (20261123T111500Z - 15 min.)").fails("status")
	})},
	{"TODO-NET-05", "a clock that is ahead", on(func(x *wire) string {
		return x.answers(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.").fails("status")
	})},
	{"TODO-NET-06", "throttled for good", virtual(func(r *rehearsal) ending { return r.run(upLine, always(local.FaultThrottle, "CreateTable")) })},
	{"TODO-NET-07", "an AWS that fails for good", virtual(func(r *rehearsal) ending { return r.run(upLine, always(local.Fault500Before, "CreateRole")) })},
	{"TODO-NET-08", "a certificate of nobody's", func(t *testing.T) string {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // of the handshake that fails
		s.StartTLS()
		defer s.Close()
		return saidBy(t, append(newWire(t).env, "AWS_ENDPOINT_URL="+s.URL), "status")
	}},
	{"TODO-NET-09", "a proxy that is not there", func(t *testing.T) string {
		return saidBy(t, append(newWire(t).env, "HTTP_PROXY=http://"+deaf(t), "AWS_ENDPOINT_URL=http://aws.invalid"), "status")
	}},
}

// hinted wants some words in what was said.
func hinted(t *testing.T, said, want string) string {
	t.Helper()
	if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
		t.Errorf("it does not say %q:\n%s", want, said)
	}
	return said
}

// deaf is an address of this machine where nobody listens.
func deaf(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// callsOf are the calls of one operation.
func callsOf(calls []string, operation string) (found []string) {
	for _, c := range calls {
		if c == operation {
			found = append(found, c)
		}
	}
	return found
}
