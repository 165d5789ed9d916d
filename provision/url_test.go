package provision_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/provision"
)

// withFunction is a world in which the function is there, and no URL.
func withFunction(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	withRole(t, func(t *testing.T, w *world) {
		w.up("function")
		w.forget()
		test(t, w)
	})
}

func permit(t *testing.T, w *world, in lambda.AddPermissionInput) {
	t.Helper()
	in.FunctionName = fn(w)
	if _, err := w.clients.Lambda.AddPermission(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
}

func unpermit(t *testing.T, w *world, sid string) {
	t.Helper()
	if _, err := w.clients.Lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: fn(w), StatementId: aws.String(sid)}); err != nil {
		t.Fatal(err)
	}
}

func policyText(t *testing.T, w *world) string {
	t.Helper()
	out, err := w.clients.Lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: fn(w)})
	if err != nil {
		return ""
	}
	return *out.Policy
}

func TestURLIsMadeWithCORSAndBothStatements(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.up("url")
		w.wantWrites("CreateFunctionUrlConfig", "AddPermission", "AddPermission")
		in := only[lambda.CreateFunctionUrlConfigInput](w)
		c := in.Cors
		if in.AuthType != types.FunctionUrlAuthTypeNone || in.InvokeMode != types.InvokeModeBuffered {
			t.Errorf("authorization %s, invoke mode %s", in.AuthType, in.InvokeMode)
		}
		if !slices.Equal(c.AllowOrigins, []string{"*"}) || !slices.Equal(c.AllowMethods, []string{"GET", "POST", "PUT", "DELETE", "HEAD"}) ||
			!slices.Equal(c.AllowHeaders, []string{"content-type"}) || !slices.Equal(c.ExposeHeaders, []string{"link", "retry-after"}) || *c.MaxAge != 300 || aws.ToBool(c.AllowCredentials) {
			t.Errorf("CORS is %+v", c)
		}
		adds := inputs[lambda.AddPermissionInput](w)
		one, two := adds[0], adds[1]
		if *one.StatementId != "FunctionURLAllowPublicAccess" || *one.Action != "lambda:InvokeFunctionUrl" || *one.Principal != "*" ||
			one.FunctionUrlAuthType != types.FunctionUrlAuthTypeNone || one.InvokedViaFunctionUrl != nil {
			t.Errorf("the first statement is %+v", one)
		}
		if *two.StatementId != "FunctionURLInvokeAllowPublicAccess" || *two.Action != "lambda:InvokeFunction" || *two.Principal != "*" ||
			two.FunctionUrlAuthType != "" || !aws.ToBool(two.InvokedViaFunctionUrl) {
			t.Errorf("the second statement is %+v", two)
		}
		if id := w.look("url").ID; !strings.HasPrefix(id, "http") || !strings.HasSuffix(id, "/") {
			t.Errorf("the ID is %q", id)
		}
	})
}

func TestStatementsAreKnownByWhatTheySay(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		permit(t, w, lambda.AddPermissionInput{StatementId: aws.String("console-made-1"), Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone})
		permit(t, w, lambda.AddPermissionInput{StatementId: aws.String("FunctionURLAllowInvokeAction"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*"), InvokedViaFunctionUrl: aws.Bool(true)})
		w.forget()
		w.up("url")
		w.wantWrites("CreateFunctionUrlConfig")
		w.down("url")
		if text := policyText(t, w); text != "" {
			t.Errorf("down left %s", text)
		}
	})
}

func TestAStatementIDTakenBySomethingElseIsLeftAlone(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		permit(t, w, lambda.AddPermissionInput{StatementId: aws.String("FunctionURLInvokeAllowPublicAccess"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com")})
		w.up("url")
		seen := w.look("url")
		wantState(t, seen, provision.OK)
		if text := policyText(t, w); !strings.Contains(text, "s3.amazonaws.com") || !strings.Contains(text, "FunctionURLInvokeAllowPublicAccess2") {
			t.Errorf("the policy is %s", text)
		}
		if len(seen.Advice) != 1 || !strings.Contains(seen.Advice[0], `"FunctionURLInvokeAllowPublicAccess"`) {
			t.Errorf("the advice is %q", seen.Advice)
		}
		w.down("url")
		if text := policyText(t, w); !strings.Contains(text, "s3.amazonaws.com") || strings.Contains(text, "Access2") {
			t.Errorf("down left %s", text)
		}
	})
}

// Without its condition the second statement lets every account past the URL;
// it is not what we want, and it is somebody else's to remove.
func TestAStatementWithoutItsConditionDoesNotCountAndIsWarnedOf(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		permit(t, w, lambda.AddPermissionInput{StatementId: aws.String("open"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*")})
		w.up("url")
		seen := w.look("url")
		if wantState(t, seen, provision.OK); len(seen.Advice) != 1 || !strings.Contains(seen.Advice[0], "every AWS account") {
			t.Errorf("the advice is %q", seen.Advice)
		}
		if n := len(inputs[lambda.AddPermissionInput](w)); n != 3 {
			t.Errorf("%d statements were added", n)
		}
	})
}

func TestSignedURLsHaveNoPublicStatements(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.cfg.Auth = provision.AuthIAM
		w.up("url")
		w.wantWrites("TagResource", "CreateFunctionUrlConfig")
		if in := only[lambda.CreateFunctionUrlConfigInput](w); in.AuthType != types.FunctionUrlAuthTypeAwsIam {
			t.Errorf("authorization is %s", in.AuthType)
		}
		wantState(t, w.look("url"), provision.OK)
	})
}

func TestClosingAURLRemovesOurStatementsOnly(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.up("url")
		address := w.look("url").ID
		permit(t, w, lambda.AddPermissionInput{StatementId: aws.String("theirs"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com")})
		w.cfg.Auth = provision.AuthIAM
		wantState(t, w.look("url"), provision.Drift, "authorization", "statement for lambda:InvokeFunctionUrl by everybody", "statement for lambda:InvokeFunction by everybody", "tag todoctl:auth")
		w.forget()
		w.up("url")
		w.wantWrites("TagResource", "UpdateFunctionUrlConfig", "RemovePermission", "RemovePermission") // closed first
		if text := policyText(t, w); !strings.Contains(text, "theirs") || strings.Contains(text, "FunctionURL") {
			t.Errorf("the policy is %s", text)
		}
		w.cfg.Auth = "" // the choice stays
		wantState(t, w.look("url"), provision.OK)
		w.cfg.Auth = provision.AuthNone
		w.up("url")
		if seen := w.look("url"); seen.ID != address {
			t.Errorf("the URL was %s and is %s", address, seen.ID)
		}
	})
}

// A URL that was closed must not be public because somebody has touched it.
func TestAClosedURLIsNeverMadePublicByDefault(t *testing.T) {
	for name, touch := range map[string]func(t *testing.T, w *world) error{
		"deleted": func(t *testing.T, w *world) error {
			_, err := w.clients.Lambda.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: fn(w)})
			return err
		},
		"opened": func(t *testing.T, w *world) error {
			_, err := w.clients.Lambda.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: fn(w), AuthType: types.FunctionUrlAuthTypeNone})
			return err
		},
		"untagged": func(t *testing.T, w *world) error {
			_, err := w.clients.Lambda.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: aws.String(w.cfg.FunctionARN()), TagKeys: []string{provision.TagAuth}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			withFunction(t, func(t *testing.T, w *world) {
				w.cfg.Auth = provision.AuthIAM
				w.up("url")
				if err := touch(t, w); err != nil {
					t.Fatal(err)
				}
				w.cfg.Auth = ""
				seen := w.look("url")
				if seen.State == provision.OK {
					t.Errorf("it is %v", seen.State)
				}
				if name == "deleted" && (len(seen.Advice) != 1 || !strings.Contains(seen.Advice[0], "todoctl url --auth none")) {
					t.Errorf("the advice is %q", seen.Advice)
				}
				w.up("url")
				out := must[*lambda.GetFunctionUrlConfigOutput](t)(w.clients.Lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: fn(w)}))
				if out.AuthType != types.FunctionUrlAuthTypeAwsIam {
					t.Errorf("it is made %s", out.AuthType)
				}
				wantState(t, w.look("url"), provision.OK)

				w.cfg.Auth = provision.AuthNone // on purpose, and then it stays so
				w.up("url")
				w.cfg.Auth = ""
				wantState(t, w.look("url"), provision.OK)
				if seen := w.look("url"); provision.TakesSigned(seen) {
					t.Error("it is closed")
				}
			})
		})
	}
}

func TestAClosedURLIsTaggedWithItsFunction(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Auth = provision.AuthIAM
		w.up("role")
		w.up("function")
		w.forget()
		w.up("url")
		w.wantWrites("CreateFunctionUrlConfig")
	})
}

func TestURLOfAStrangersFunctionIsForeign(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if err := strangersFunction(t, w); err != nil {
			t.Fatal(err)
		}
		w.forget()
		seen := w.look("url") // although there is no URL: it may not be made either
		if wantState(t, seen, provision.Foreign); !strings.Contains(seen.Owner, "its function TodoHandler") {
			t.Errorf("the owner is %q", seen.Owner)
		}
		if err := w.try(provision.Up, "url"); err == nil {
			t.Error("a URL was made on a stranger's function")
		}
		w.wantWrites()
	})
}

func TestStatementsThatAURLLeftBehindAreRemoved(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.up("url")
		if err := vanish["url"](t, w); err != nil {
			t.Fatal(err)
		}
		wantState(t, w.look("url"), provision.Drift, "URL")
		w.down("url")
		wantState(t, w.look("url"), provision.Absent)
		if text := policyText(t, w); text != "" {
			t.Errorf("down left %s", text)
		}
	})
}

func TestABusyFunctionIsWaitedForByItsURL(t *testing.T) {
	busy := code("ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Pending")
	for _, operation := range []string{"CreateFunctionUrlConfig", "AddPermission"} {
		for name, err := range map[string]error{"busy": busy, "not shown yet": code("ResourceNotFoundException", "Function not found")} {
			t.Run(operation+" "+name, func(t *testing.T) {
				withFunction(t, func(t *testing.T, w *world) {
					w.failing(operation, 3, err)
					w.up("url")
					wantState(t, w.look("url"), provision.OK)
					if text := policyText(t, w); strings.Contains(text, "Access2") {
						t.Errorf("a busy function is taken for a taken id: %s", text)
					}
				})
			})
		}
	}
}

func TestExposedHeadersOfTheLearnerStay(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.up("url")
		_, err := w.clients.Lambda.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: fn(w),
			Cors: &types.Cors{AllowOrigins: []string{"https://example.com"}, ExposeHeaders: []string{"X-Mine", "Link"}}})
		if err != nil {
			t.Fatal(err)
		}
		w.up("url")
		out := must[*lambda.GetFunctionUrlConfigOutput](t)(w.clients.Lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: fn(w)}))
		if !slices.Equal(out.Cors.ExposeHeaders, []string{"link", "retry-after", "X-Mine"}) || !slices.Equal(out.Cors.AllowOrigins, []string{"*"}) {
			t.Errorf("CORS is %+v", out.Cors)
		}
	})
}

// The local AWS has no streams, so its answers say that the URL has one.
func TestAURLThatStreamsIsPutBack(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.up("url")
		streams := true
		w.on("GetFunctionUrlConfig", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if config, ok := out.(*lambda.GetFunctionUrlConfigOutput); ok && streams {
				config.InvokeMode = types.InvokeModeResponseStream
			}
			return out, err
		})
		w.on("UpdateFunctionUrlConfig", func(_ context.Context, send func() (any, error)) (any, error) {
			streams = false
			return send()
		})
		wantState(t, w.look("url"), provision.Drift, "invoke mode")
		w.forget()
		w.up("url")
		w.wantWrites("UpdateFunctionUrlConfig")
		if in := only[lambda.UpdateFunctionUrlConfigInput](w); in.InvokeMode != types.InvokeModeBuffered {
			t.Errorf("it asks for %q", in.InvokeMode)
		}
		wantState(t, w.look("url"), provision.OK)
	})
}

// A statement that Lambda loses silently is found by looking, and added again.
func TestALostStatementIsAddedAgainInTheSameRun(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.on("AddPermission", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if n := len(inputs[lambda.AddPermissionInput](w)); n == 2 && err == nil {
				unpermit(t, w, "FunctionURLAllowPublicAccess")
			}
			return out, err
		})
		w.up("url")
		wantState(t, w.look("url"), provision.OK)
	})
}

// One that is lost again and again is no success.
func TestAStatementThatIsAlwaysLostIsNotASuccess(t *testing.T) {
	withFunction(t, func(t *testing.T, w *world) {
		w.on("AddPermission", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if err == nil {
				unpermit(t, w, *inputs[lambda.AddPermissionInput](w)[len(inputs[lambda.AddPermissionInput](w))-1].StatementId)
			}
			return out, err
		})
		err := w.try(provision.Up, "url")
		if err == nil || !strings.Contains(err.Error(), "statement for lambda:InvokeFunctionUrl is missing") {
			t.Errorf("up says %v", err)
		}
	})
}
