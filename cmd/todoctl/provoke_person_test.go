//go:build !windows

package main

import (
	"net/http"
	"strings"
	"testing"
)

// personProvocations are what a person types and answers, and who she is.
var personProvocations = []provocation{
	{"TODO-USE-01", "an unknown command", typing("pu")},
	{"TODO-USE-01", "a word too much", typing("status", "now")},
	{"TODO-USE-02", "an unknown flag", typing("up", "--frobnicate")},
	{"TODO-USE-03", "an unknown output", typing("up", "--output", "yaml")},
	{"TODO-USE-03", "an unknown policy", typing("up", "--yes", "--policy", "all")},
	{"TODO-USE-03", "a limit that is no number", typing("up", "--yes", "--limit", "abc")},
	{"TODO-USE-03", "a flag without its value", typing("up", "--yes", "--email")},
	{"TODO-USE-03", "an address that is none", typing("up", "--yes", "--email", "nobody")},
	{"TODO-USE-03", "a step that is none", typing("up", "--yes", "--skip", "tabel")},
	{"TODO-USE-04", "a backup and none", typing("down", "--yes", "--backup", "a", "--discard-data")},
	{"TODO-USE-04", "a profile of the local AWS", typing("up", "--local", "--yes", "--profile", "me")},
	{"TODO-USE-05", "no terminal", typing("up")},
	{"TODO-USE-05", "--no-input", typing("down", "--no-input")},
	{"TODO-USE-06", "a name with a blank", typing("up", "--yes", "--stack", "My Stack")},
	{"TODO-USE-07", "items and only --yes", virtual(func(r *rehearsal) ending { return r.up().run("down --yes") })},
	{"TODO-USE-08", "restore without a file", typing("restore", "--yes")},
	{"TODO-USE-08", "eject without a folder", typing("handler", "eject")},
	{"TODO-USE-08", "a backup without a name", typing("down", "--yes", "--backup", "")},
	{"TODO-USE-08", "a backup to stdout", virtual(func(r *rehearsal) ending { return r.up().run("down --yes --backup -") })},
	{"TODO-USE-09", "the end of input at a question", func(t *testing.T) string {
		x := start(t, startedLocal(t, "ACCESSIBLE=1"), "up", "--local")
		x.expect("Go through these 6 steps?")
		x.press(ctrlD)
		if exit := x.end(); exit != exitUsage {
			t.Errorf("exit %d", exit)
		}
		return x.text()
	}},
	{"TODO-USE-10", "an id of another area", typing("explain", "TODO-CERD-01")},
	{"TODO-USE-11", "another name than the stack's", func(t *testing.T) string {
		x := newWire(t)
		x.must(0, "up", "--yes", "--skip", "test")
		s := start(t, append(x.env, "NO_COLOR=1"), "down")
		s.expect("Type Todo to remove all this")
		s.press("todo" + enter)
		if exit := s.end(); exit != exitUsage {
			t.Errorf("exit %d", exit)
		}
		return s.text()
	}},

	{"TODO-CRED-01", "nobody is signed in", func(t *testing.T) string { return saidBy(t, home(t, "AWS_REGION=us-east-1"), "status") }},
	{"TODO-CRED-01", "half a key", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIACANARY"), "status")
	}},
	{"TODO-CRED-02", "the session is over", on(func(x *wire) string {
		return x.answers(403, "ExpiredToken", "The security token included in the request is expired").fails("status")
	})},
	{"TODO-CRED-03", "a key that was deleted", on(func(x *wire) string {
		return x.answers(403, "InvalidClientTokenId", "The security token included in the request is invalid").fails("status")
	})},
	{"TODO-CRED-04", "a secret that is another's", on(func(x *wire) string {
		return x.answers(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.").fails("status")
	})},
	{"TODO-CRED-05", "a profile that is not there", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_REGION=us-east-1"), "status", "--profile", "nobody")
	}},
	{"TODO-CRED-06", "old keys in the environment before a profile", on(func(x *wire) string {
		x.with("AWS_PROFILE=me", "AWS_CONFIG_FILE="+file(x.t, "config", "[profile me]\nregion=us-east-1\n"))
		return x.answers(403, "InvalidClientTokenId", "The security token included in the request is invalid").fails("status")
	})},
	{"TODO-CRED-06", "expired keys in the environment before a profile", on(func(x *wire) string {
		x.with("AWS_PROFILE=me", "AWS_CONFIG_FILE="+file(x.t, "config", "[profile me]\nregion=us-east-1\n"))
		return x.answers(403, "ExpiredToken", "The security token included in the request is expired").fails("status")
	})},
	{"TODO-CRED-07", "a source profile with nothing in it", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_REGION=us-east-1", "AWS_PROFILE=role", "AWS_CONFIG_FILE="+file(t, "config",
			"[profile role]\nrole_arn=arn:aws:iam::000000000000:role/R\nsource_profile=me\n[profile me]\nregion=us-east-1\n")), "status")
	}},
	{"TODO-CRED-07", "an aws login session as source profile", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_REGION=us-east-1", "AWS_PROFILE=role", "AWS_CONFIG_FILE="+file(t, "config",
			"[profile role]\nrole_arn=arn:aws:iam::000000000000:role/R\nsource_profile=me\n[profile me]\nlogin_session=arn:aws:iam::000000000000:user/me\n")), "status")
	}},
	{"TODO-CRED-08", "a settings file that is a folder", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_REGION=us-east-1", "AWS_CONFIG_FILE="+t.TempDir()), "status")
	}},
	{"TODO-CRED-09", "a credential_process that fails", func(t *testing.T) string {
		return saidBy(t, home(t, "AWS_REGION=us-east-1", "AWS_CONFIG_FILE="+file(t, "config", "[default]\ncredential_process=false\n")), "status")
	}},
	{"TODO-CRED-10", "another account's sign-in in the middle of a run", on(func(x *wire) string {
		x.processCredentials(9)
		x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.Header.Get("Authorization"), otherKey) {
				identify(w, "arn:aws:iam::222222222222:user/other", "222222222222")
				return
			}
			next.ServeHTTP(w, r)
		})
		return x.fails("up", "--yes", "--parallel", "1")
	})},
}
